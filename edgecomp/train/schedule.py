"""How many steps there are, and the learning rate of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .settings import DEFAULT_STEPS, FEWEST_EPOCHS, MOST_EPOCHS, TrainSettings

LAST_RATE = 0.01
"""Share of the highest rate that the schedule ends with."""

WARM_UP = 0.05
"""Share of the steps during which the rate rises, while Adam's averages fill."""

MOST_WARM_UP = 500

BUDGET_SHARE = 0.92
"""Of a time budget, what is planned with: the clock need not cut off the end of the schedule where a run slows down."""

LEAST_STEPS = 10


@dataclass(frozen=True)
class Pace:
    """What was measured before the first step.

    Args:
        step: seconds.
        judging: seconds that one pass over the held-out part takes.
        spent: seconds of the budget that are gone.
    """

    step: float
    judging: float
    spent: float


@dataclass(frozen=True)
class Schedule:
    """A planned training: a linear warm-up, then half a cosine (Loshchilov & Hutter, 2017).

    Args:
        steps: in all.
        epoch_steps: in one epoch.
        rate: the highest learning rate.
    """

    steps: int
    epoch_steps: int
    rate: float

    @property
    def epochs(self) -> int:
        """The last one may be cut short."""
        return math.ceil(self.steps / self.epoch_steps)

    def learning_rate(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        warm_up = max(1, min(MOST_WARM_UP, round(WARM_UP * self.steps)))
        if step < warm_up:
            return self.rate * (step + 1) / warm_up
        along = (step - warm_up) / max(1, self.steps - warm_up)
        return self.rate * (LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * along)) / 2)

    def along(self, step: int) -> float:
        """How far a step is along the training, 0 to 1."""
        return step / self.steps


def plan_schedule(settings: TrainSettings, examples: int, pace: Pace | None, rate: float) -> Schedule:
    """Decides how long to train.

    Args:
        settings: epochs and budget as asked for.
        examples: how many are trained on.
        pace: what was measured; needed for a time budget.
        rate: the highest learning rate.
    """
    epoch_steps = max(1, examples // settings.batch_size)
    if settings.steps is not None:
        return Schedule(settings.steps, epoch_steps, rate)
    epochs = settings.epochs or min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(DEFAULT_STEPS / epoch_steps)))
    if settings.time_budget is not None and settings.epochs is None:
        epochs = MOST_EPOCHS
    steps = epochs * epoch_steps
    if settings.time_budget is not None and pace is not None:
        left = BUDGET_SHARE * settings.time_budget - pace.spent - pace.judging
        affordable = int(left / (pace.step + pace.judging / epoch_steps))
        steps = min(steps, max(LEAST_STEPS, affordable))
    return Schedule(steps, epoch_steps, rate)
