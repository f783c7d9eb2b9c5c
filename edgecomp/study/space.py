"""What can be chosen: parameters with a handful of values each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

Value: TypeAlias = str | float | bool


@dataclass(frozen=True)
class Choice:
    """One of several values that have no order.

    Args:
        name: of the parameter.
        values: at least one.
    """

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Steps:
    """A number from a range, in even steps.

    Args:
        name: of the parameter.
        low: the smallest.
        high: the largest.
        step: between neighbours.
    """

    name: str
    low: float
    high: float
    step: float


Space: TypeAlias = tuple[Choice | Steps, ...]
Params: TypeAlias = Mapping[str, Any]


def suggest(trial: Trial, space: Space) -> dict[str, Any]:
    """A value for every parameter, as the study's sampler has it."""
    for one in space:
        if isinstance(one, Choice):
            trial.suggest_categorical(one.name, one.values)
        else:
            trial.suggest_float(one.name, one.low, one.high, step=one.step)
    return {one.name: _clean(trial.params[one.name]) for one in space}


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The same in Optuna's own terms."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    return {
        one.name: CategoricalDistribution(one.values)
        if isinstance(one, Choice)
        else FloatDistribution(one.low, one.high, step=one.step)
        for one in space
    }


def _clean(value: Any) -> Any:
    """Steps of 0.05 add up to 0.15000000000000002."""
    return round(value, 6) if isinstance(value, float) else value
