"""What was tried on the way to a result, in the shape of report.json; docs/report.md describes it."""

from __future__ import annotations

from typing import Any

from ...planner.front import front
from ...planner.limits import Figures
from ...targets import Target
from .candidate import figures_of, latency_unit
from .choose import Choice
from .jury import Judged, Jury
from .table import Tried
from .words import in_words

UNTOUCHED = Judged(0.0, 0.0, 0.0, 1.0)
"""The float model against itself."""


def search_data(choice: Choice, jury: Jury, target: Target, float_file: bytes, stock: bytes | None) -> dict[str, Any]:
    """The search of a conversion.

    Args:
        choice: what it ended with.
        jury: what candidates were judged by.
        target: the device.
        float_file: the reference.
        stock: the stock converter's file, or None.
    """
    limits = choice.wanted.limits
    points = [rival("float", figures_of(float_file, 0.0, target), None)]
    if stock is not None:
        judged = jury.judge(stock)
        points.append(rival("stock", figures_of(stock, judged.points, target), judged))
    points += [_tried(one, chosen=one.name == choice.name) for one in choice.tried]
    mark_front(points)
    noise = next(one.outcome.judged.noise for one in choice.tried if one.name == choice.name)
    return {
        "goal": choice.wanted.goal,
        "limits": {
            "max_drop_points": limits.max_drop,
            "max_latency_ms": limits.max_latency,
            "max_bytes": limits.max_bytes,
        },
        "met": choice.met,
        "latency_unit": latency_unit(target),
        "judged_on": {"set": jury.source, "n": jury.n, "measure": jury.measure},
        "noise_points": noise,
        "note": noise_note(limits.max_drop, noise, jury.n),
        "seconds": round(choice.seconds, 1),
        "points": points,
    }


def noise_note(max_drop: float | None, noise: float | None, n: int) -> str | None:
    """A sentence where the samples are too few for the limit; None where they are enough."""
    if max_drop is None or noise is None or noise <= max_drop:
        return None
    return (
        f"The budget of {max_drop:g} points is smaller than the noise: on {n} samples a loss is known to about "
        f"{noise:.1f} points either way (95%). More labelled samples would tell more."
    )


def mark_front(points: list[dict[str, Any]]) -> None:
    """Says of each point whether no other is better in loss, latency and size."""
    chosen = set(front([(one["loss_points"], one["latency"], one["bytes"]) for one in points]))
    for place, one in enumerate(points):
        one["front"] = place in chosen


def rival(name: str, figures: Figures, judged: Judged | None) -> dict[str, Any]:
    """A point that nobody searched for.

    Args:
        name: "float" or "stock".
        figures: what it costs.
        judged: what it loses; None for the float model itself.
    """
    words = {"float": "the model as it was given, float32", "stock": "the stock converter, int8"}
    return {
        "name": name,
        "kind": name,
        "summary": words[name],
        "recipe": None,
        **_figures(figures, judged or UNTOUCHED),
    } | {
        "stage": 0,
        "chosen": False,
    }


def _tried(one: Tried, *, chosen: bool) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "name": one.name,
        "kind": "candidate",
        "summary": in_words(outcome.recipe),
        "recipe": outcome.recipe.to_dict(),
        **_figures(outcome.figures, outcome.judged),
        "stage": one.stage,
        "chosen": chosen,
    }


def _figures(figures: Figures, judged: Judged) -> dict[str, Any]:
    return {
        "loss_points": figures.loss_points,
        "low": judged.low,
        "high": judged.high,
        "agreement": judged.agreement,
        "latency": figures.latency,
        "bytes": figures.bytes,
        "peak_memory_bytes": figures.memory,
    }
