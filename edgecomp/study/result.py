"""What a trial comes to, for whoever carries trials out. Needs no Optuna."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .space import Params

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Result:
    """What came of a trial.

    Args:
        values: the objectives; None for a trial that was given up early, or cannot be carried out.
        attrs: whatever else is to be remembered of it, as JSON has it.
        reason: why there are no values.
    """

    values: tuple[float, ...] | None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


Evaluate = Callable[[Params, Sequence["FrozenTrial"]], Result]
"""Carries a trial out, knowing all that are finished."""
