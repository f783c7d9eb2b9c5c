"""What came of an open search so far, in the shape that a conversion's report has of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...study.ledger import REASON, counted
from .search_data import mark_front
from .trials import Made, made_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def made_by_trial(trials: Sequence[FrozenTrial]) -> dict[int, Made]:
    """What the finished trials made, by their place among those that count: the same however often workers died."""
    found = {place: made_of(trial.user_attrs) for place, trial in enumerate(counted(trials)) if trial.values}
    return {place: made for place, made in found.items() if made is not None}


def front_data(trials: Sequence[FrozenTrial], rivals: Sequence[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
    """All points and which of them no other beats.

    Args:
        trials: of the study.
        rivals: the float model and the stock converter's file, as points.
        told: what else belongs to it: goal, unit, samples.
    """
    points = [dict(one) for one in rivals]
    for place, made in made_by_trial(trials).items():
        stored = made.to_dict()
        points.append({"name": f"#{place}", "kind": "candidate", "stage": 0, "chosen": False, **stored})
    mark_front(points)
    kept = counted(trials)
    return {
        **told,
        "trials": len([one for one in kept if one.state.is_finished()]),
        "given_up": [
            {
                "name": f"#{place}",
                "summary": one.user_attrs.get("summary", ""),
                "reason": one.user_attrs.get(REASON, ""),
            }
            for place, one in enumerate(kept)
            if one.state.is_finished() and not one.values
        ],
        "points": points,
    }
