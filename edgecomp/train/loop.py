"""The loop: step after step, a look at the held-out part after each epoch, a checkpoint now and then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import variables
from .checkpointing import Checkpointer
from .checks import check_loss
from .course import Course
from .progress import Epoch, Progress, Trained
from .schedule import LATER_SHARE, Schedule, plan_schedule
from .state import TrainingState
from .weighting import weights

_TOLD_EVERY = 0.3
"""Seconds between two words on progress."""

PATIENCE = 0.4
"""Share of the epochs without a better one after which training stops, ..."""

LEAST_PATIENCE = 8
"""... and the fewest: with a cosine schedule the best epochs come late. A network that was trained before begins with
worse ones than it came with, which do not count."""

HURRIED = (
    "Training ended before the network had become as small as it was to, so that too little of it was left to recover: "
    "give it more (--time-budget, --epochs), or a machine that has nothing else to do."
)

_BROKEN = "the loss became NaN or infinite; the best weights before were kept"


def run(
    course: Course,
    identity: Mapping[str, str],
    started: float,
    checkpoint: Path | None,
    on_progress: Callable[[Progress], None] | None,
) -> Trained:
    """Trains, from the start or from where a checkpoint says; leaves the best weights in the student.

    Args:
        course: what is to be done.
        identity: see `identity.identify`.
        started: when, by `time.monotonic`; what came before the loop counts for a time budget.
        checkpoint: see `train.train`.
        on_progress: likewise.

    Raises:
        InputError: the checkpoint is of another training or cannot be written, or the loss becomes NaN before the first
            epoch has ended.
    """
    checkpointer = Checkpointer(checkpoint, identity, course.student.network, course.optimizer, course.masks)
    state = checkpointer.restore()
    if state is None:
        state = _start(course, started)
        checkpointer.save(state, time.monotonic() - started)
    if not state.stopped:
        _Loop(course, state, checkpointer, started, on_progress).run()
    variables.write(course.student.network, state.best_values)
    return Trained(
        history=tuple(state.history),
        best=state.best,
        steps=state.schedule.steps,
        steps_done=state.step,
        metric=course.judge.metric,
        held=course.held,
        stopped=state.stopped,
        augmentation=str(course.feed.views.augmentation),
        zeros=course.masks.share,
        changes=state.schedule.changes,
        warnings=(*course.warnings, HURRIED) if state.hurried else course.warnings,
    )


def _start(course: Course, started: float) -> TrainingState:
    score = course.score()
    pace = course.measure(started) if course.settings.time_budget is not None else None
    schedule = plan_schedule(course.settings, len(course.feed.positions), pace, course.highest_rate(score))
    first = Epoch(0, math.nan, score.value, score.loss, 0.0, time.monotonic() - started)
    best = variables.read(course.student.network)
    settled = course.settings.sparsity is None and getattr(course.student.network, "settled", True)
    return TrainingState(schedule, [first], 0, score, best, settled=settled)


class _Loop:
    """One run from where a training stands to its end."""

    def __init__(
        self,
        course: Course,
        state: TrainingState,
        checkpointer: Checkpointer,
        started: float,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._course, self._state, self._checkpointer = course, state, checkpointer
        self._started, self._on_progress = started, on_progress
        self._began, self._first = time.monotonic(), state.step
        self._told = 0.0
        self._pending: list[Any] = []
        self._thinning = course.thinning(state.schedule.steps)

    def run(self) -> None:
        """Takes the steps that are left."""
        state = self._state
        while not state.stopped and state.step < self._last:
            self._follow(state.schedule)
        state.stopped = state.stopped or "it was told to"
        if not state.settled:
            self._settle()
        self._checkpointer.save(state, self._seconds())

    def _follow(self, schedule: Schedule) -> None:
        """Takes steps until the last one, or until another plan is made."""
        state = self._state
        with closing(self._course.feed.batches(state.step, self._last)) as batches:
            for batch in batches:
                along = schedule.along(state.step)
                self._course.proceed(along)
                labelled, taught = batch.labels is not None, self._course.teacher is not None
                shares = weights(along, labelled=labelled, taught=taught, leading=schedule.leading)
                known = self._course.known(batch, schedule, shares)
                self._pending.append(self._course.learn(batch, schedule.learning_rate(state.step), shares, known))
                state.step += 1
                if self._thinning is not None and self._thinning.due(state.step):
                    self._course.masks.choose(self._thinning.share_at(state.step))
                if state.at_epoch_end or state.step == self._last:
                    self._end_epoch()
                elif time.monotonic() - self._told > _TOLD_EVERY:
                    self._pause()
                if state.stopped or state.schedule is not schedule:
                    return

    @property
    def _last(self) -> int:
        """The step that ends the training."""
        total = self._state.schedule.total
        return min(total, self._course.settings.stop_after or total)

    def _pause(self) -> None:
        """Within an epoch: is the loss sound, is there time left, is it time to save?"""
        state, budget = self._state, self._course.settings.time_budget
        self._count()
        if not math.isfinite(state.loss):
            state.stopped = _BROKEN
        elif budget is not None and self._seconds() > budget:
            self._end_epoch()
            state.stopped = state.stopped or "the time was up"
        elif self._checkpointer.due:
            self._checkpointer.save(state, self._seconds())
        self._tell()

    def _end_epoch(self) -> None:
        state, schedule = self._state, self._state.schedule
        self._count()
        score = self._course.score()
        number, loss = state.history[-1].epoch + 1, state.mean_loss
        rate = schedule.learning_rate(state.step - 1)
        epoch = Epoch(number, loss, score.value, score.loss, rate, self._seconds())
        if state.take(epoch, score, settled=self._settled):
            state.best_values = variables.read(self._course.student.network)
        patience = max(LEAST_PATIENCE, math.ceil(PATIENCE * schedule.epochs))
        if not (math.isfinite(loss) and math.isfinite(score.loss)):
            state.stopped = _BROKEN
        elif state.step == schedule.total:
            state.stopped = "all epochs were done"
        elif self._course.held and number - state.best_trained >= patience:
            state.stopped = f"nothing was better for {patience} epochs"
        else:
            self._keep_pace()
            if self._checkpointer.due:
                self._checkpointer.save(state, self._seconds())
        self._tell()

    def _keep_pace(self) -> None:
        """Plans anew where this machine has become slower or faster: what the end of the schedule wins is worth most.

        Not where weights go on the way, which happens at steps that were planned.
        """
        state, budget = self._state, self._course.settings.time_budget
        if budget is not None and self._thinning is None:
            left = LATER_SHARE * budget - self._seconds()
            state.schedule = state.schedule.at_pace(state.step, left, self._pace)

    def _settle(self) -> None:
        """Where training ended too early for it, lets all weights go at once that were to go."""
        state, network = self._state, self._course.student.network
        state.hurried = True
        if self._thinning is None:
            return
        variables.write(network, state.best_values)
        self._course.masks.choose(self._thinning.share)
        score = self._course.score()
        last = state.history[-1]
        epoch = replace(last, epoch=last.epoch + 1, value=score.value, held_loss=score.loss, seconds=self._seconds())
        state.take(epoch, score, settled=True)
        state.best_values = variables.read(network)

    @property
    def _settled(self) -> bool:
        gone = self._thinning is None or self._state.step >= self._thinning.last
        return gone and getattr(self._course.student.network, "settled", True)

    def _count(self) -> None:
        """Fetches the losses of the last steps, in order: their sum is the same wherever a run was interrupted."""
        state = self._state
        for loss in self._pending:
            state.loss += float(loss)
            state.losses += 1
        self._pending.clear()
        if len(state.history) == 1:
            check_loss(state.loss, state.step, state.schedule.rate)

    def _tell(self) -> None:
        state, schedule = self._state, self._state.schedule
        self._told = time.monotonic()
        if self._on_progress is None:
            return
        last = state.history[-1]
        self._on_progress(
            Progress(
                epoch=min(schedule.epochs, state.step // schedule.epoch_steps + 1),
                epochs=schedule.epochs,
                step=state.step,
                steps=schedule.total,
                loss=state.mean_loss if state.losses else last.loss,
                metric=self._course.judge.metric,
                value=last.value,
                seconds_left=self._pace * (schedule.total - state.step),
            )
        )

    @property
    def _pace(self) -> float:
        """Seconds that a step takes, looks at the held-out part counted in."""
        return (time.monotonic() - self._began) / max(1, self._state.step - self._first)

    def _seconds(self) -> float:
        """Since training began, earlier runs included."""
        return self._state.earlier + time.monotonic() - self._started
