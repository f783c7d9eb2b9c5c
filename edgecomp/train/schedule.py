"""How many steps there are, and the learning rate of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .settings import DEFAULT_STEPS, FEWEST_EPOCHS, MOST_EPOCHS, TrainSettings

LAST_RATE = 0.01
"""Share of the highest rate that the schedule ends with."""

WARM_UP = 0.05
"""Share of the steps during which the rate rises, while Adam's averages fill."""

MOST_WARM_UP = 500

BUDGET_SHARE = 0.92
"""Of a time budget, what is planned with: the clock need not cut off the end of the schedule where a run slows down."""

LATER_SHARE = 0.97
"""The same on the way, when less of it is left to slow down in."""

NOTEWORTHY = 0.03
"""Of the steps, by which a plan must be wrong to be changed."""

LEAST_STEPS = 10


LEADING, MOST_LEADING = 0.2, 500
"""Share of the steps, and how many at the most, in which features count: where the teacher's answers are known, those
are the steps that take longest. A ResNet-8 without three quarters of its multiply-accumulates came no farther in 10,000
steps with features than without, and 0.5 points farther in the mean of three trainings of 300 to 560."""


@dataclass(frozen=True)
class Remembering:
    """What it is worth to ask a teacher only once about each view of the examples.

    Args:
        step: seconds of a step whose answers are known.
        view: seconds that it takes to ask about a view of all examples.
        views: how many there are.
        led: whether features lead, for which the teacher is asked all the same.
    """

    step: float
    view: float
    views: int
    led: bool


@dataclass(frozen=True)
class Pace:
    """What was measured before the first step.

    Args:
        step: seconds.
        judging: seconds that one pass over the held-out part takes.
        spent: seconds of the budget that are gone.
        remembering: None where a teacher is asked at every step, or there is none.
    """

    step: float
    judging: float
    spent: float
    remembering: Remembering | None = None

    def affordable(self, seconds: float, epoch_steps: int) -> int:
        """How many steps can be done in so many seconds, looks at the held-out part counted in."""
        judging = self.judging / epoch_steps
        steps, remembering = int(seconds / (self.step + judging)), self.remembering
        if remembering is None or steps <= remembering.views * epoch_steps:
            return steps
        seconds -= remembering.views * remembering.view
        longer = self.step - remembering.step if remembering.led else 0.0
        led = min(LEADING * seconds / (remembering.step + LEADING * longer + judging), MOST_LEADING)
        return max(steps, int((seconds - led * longer) / (remembering.step + judging)))


@dataclass(frozen=True)
class Schedule:
    """A planned training: a linear warm-up, then half a cosine (Loshchilov & Hutter, 2017).

    Args:
        steps: in all.
        epoch_steps: in one epoch.
        rate: the highest learning rate.
        most: steps that there may be, however fast this machine becomes; 0 for those that were planned.
        changes: from which step on there were to be how many in all; rising.
    """

    steps: int
    epoch_steps: int
    rate: float
    most: int = 0
    changes: tuple[tuple[int, int], ...] = ()

    @property
    def total(self) -> int:
        """Steps in all, as planned last."""
        return self.changes[-1][1] if self.changes else self.steps

    @property
    def epochs(self) -> int:
        """The last one may be cut short."""
        return math.ceil(self.total / self.epoch_steps)

    @property
    def planned_epochs(self) -> int:
        """As planned first."""
        return math.ceil(self.steps / self.epoch_steps)

    @property
    def leading(self) -> float:
        """Share of the training in which features count."""
        return min(LEADING, MOST_LEADING / self.steps)

    @property
    def warm_up(self) -> int:
        """Steps during which the rate rises."""
        return max(1, min(MOST_WARM_UP, round(WARM_UP * self.steps)))

    def learning_rate(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        risen = self.along(self.warm_up)
        along = (self.along(step) - risen) / (1 - risen) if risen < 1 else 1.0
        return self.rate * (LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * along)) / 2)

    def along(self, step: int) -> float:
        """How far a step is along the training, 0 to 1; it goes on from the same place where the plan changes."""
        passed, begin, total = 0.0, 0, self.steps
        for at, changed in self.changes:
            if step < at:
                break
            passed += (1 - passed) * (at - begin) / (total - begin)
            begin, total = at, changed
        return passed + (1 - passed) * (step - begin) / (total - begin)

    def at_pace(self, step: int, seconds_left: float, pace: float) -> Schedule:
        """The plan for a machine that has become slower or faster; this one where that makes little difference.

        Args:
            step: how many are done.
            seconds_left: of the time budget.
            pace: seconds that a step takes, looks at the held-out part counted in.
        """
        total = min(step + int(seconds_left / pace), max(self.most, self.steps))
        wrong = abs(total - self.total) > NOTEWORTHY * self.total
        if not wrong or step < self.warm_up or not step < total or step >= self.total:
            return self
        return replace(self, changes=(*self.changes, (step, total)))


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
        return Schedule(settings.steps, epoch_steps, rate, changes=settings.changes)
    epochs = settings.epochs or min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(DEFAULT_STEPS / epoch_steps)))
    if settings.time_budget is not None and settings.epochs is None:
        epochs = MOST_EPOCHS
    steps = most = epochs * epoch_steps
    if settings.time_budget is not None and pace is not None:
        left = BUDGET_SHARE * settings.time_budget - pace.spent - pace.judging
        steps = min(steps, max(LEAST_STEPS, pace.affordable(left, epoch_steps)))
    return Schedule(steps, epoch_steps, rate, most)
