"""A training that is ready to run, compiled."""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from . import variables
from .answers import Answers
from .features import FeatureMatch
from .feed import Batch, Feed
from .judge import Judge, Score
from .learning_rate import has_batch_norm, highest_rate, intact
from .schedule import Pace, Remembering, Schedule
from .settings import TrainSettings
from .sparsity.gradual import Gradual, plan_gradual
from .sparsity.masks import Masks
from .step import Look, Reader, Step, make_look, make_optimizer, make_step
from .weighting import Weights

_FEWEST_MEASURED = 5
_MOST_MEASURED = 40
_MEASURED_SECONDS = 1.0


@dataclass(frozen=True, eq=False)
class Course:
    """What the loop works with.

    Args:
        student: what is trained.
        teacher: what it learns from, or None.
        feed: its batches.
        answers: of the teacher, where they can be remembered; else it is asked at every step.
        judge: what epochs are compared by.
        settings: as asked for.
        features: to draw together.
        batch_statistics: see `step.make_step`.
        held: examples held out.
        warnings: sentences for the result.
    """

    student: Reader
    teacher: Reader | None
    feed: Feed
    answers: Answers | None
    judge: Judge
    settings: TrainSettings
    features: tuple[FeatureMatch, ...]
    batch_statistics: bool
    held: int
    warnings: tuple[str, ...]

    @cached_property
    def masks(self) -> Masks:
        """What is kept at zero."""
        return Masks(self.student.network, self.settings.sparsity, self.settings.seed)

    def thinning(self, steps: int) -> Gradual | None:
        """When weights go in a training of so many steps; None where none go."""
        sparsity = self.settings.sparsity
        return None if sparsity is None else plan_gradual(sparsity, steps, self.masks.share_before, self.masks.goal)

    @cached_property
    def optimizer(self) -> Any:
        """Of the student."""
        return make_optimizer(self.student.network)

    def known(self, batch: Batch, schedule: Schedule, weights: Weights) -> list[np.ndarray] | None:
        """What the teacher says of a batch, if that is known; None where it has to be asked.

        It is not known while features count, which the teacher computes anyway, and in trainings that are too short for
        any view to come round again.
        """
        if self.answers is None or (self.features and weights.features > 0):
            return None
        again = schedule.planned_epochs > (self.answers.views.count or 0)
        return self.answers.of(batch.positions, batch.epoch) if again else None

    def learn(self, batch: Batch, rate: float, weights: Weights, known: list[np.ndarray] | None = None) -> Any:
        """One step; the loss, a scalar tensor that need not be there yet."""
        return self._step(batch.inputs, batch.labels, known, rate, weights)

    def proceed(self, along: float) -> None:
        """Tells a student that wants to know it how far training is, 0 to 1."""
        if hasattr(self.student.network, "proceed"):
            self.student.network.proceed(along)

    def score(self) -> Score:
        """How good the student is by now."""
        return self.judge.score(self._look)

    def highest_rate(self, score: Score) -> float:
        """The highest learning rate.

        Args:
            score: of the student before the first step.
        """
        if self.settings.learning_rate is not None:
            return self.settings.learning_rate
        normalized = self.batch_statistics and has_batch_norm(self.student.network)
        return highest_rate(intact(score.value, self.judge.reference, self.judge.by_chance), normalized=normalized)

    def measure(self, started: float) -> Pace:
        """How fast this machine is: a few steps, which are undone, and a look at the held-out part.

        Args:
            started: when training began, by `time.monotonic`.
        """
        changing = (self.student.network, self.optimizer, self.masks)
        untouched = [variables.read(one) for one in changing]
        step = self._seconds_a_step(None)
        remembering = None if self.answers is None else self._remembering(self.answers)
        for one, values in zip(changing, untouched, strict=True):
            variables.write(one, values)
        began = time.monotonic()
        self.score()
        judging = time.monotonic() - began
        return Pace(step, judging, time.monotonic() - started, remembering)

    def _remembering(self, answers: Answers) -> Remembering:
        """What it costs to ask the teacher about a view, and how long a step takes afterwards."""
        batch = self.feed.batch(0)
        known = answers.look(batch.inputs)  # compiles
        began = time.monotonic()
        answers.look(batch.inputs)
        view = (time.monotonic() - began) * len(answers.views.examples) / len(batch.positions)
        return Remembering(self._seconds_a_step(known), view, answers.views.count or 0, bool(self.features))

    def _seconds_a_step(self, known: list[np.ndarray] | None) -> float:
        """The median: something else may have run for a moment."""
        weights = Weights(0.5, 0.5, 0.5)
        float(self.learn(self.feed.batch(0), 0.0, weights, known))  # compiles
        taken: list[float] = []
        with closing(self.feed.batches(0, _MOST_MEASURED)) as batches:
            while len(taken) < _FEWEST_MEASURED or (sum(taken) < _MEASURED_SECONDS and len(taken) < _MOST_MEASURED):
                began = time.monotonic()
                float(self.learn(next(batches), 0.0, weights, known))
                taken.append(time.monotonic() - began)
        return statistics.median(taken)

    @cached_property
    def _step(self) -> Step:
        return make_step(
            self.student,
            self.teacher,
            self.optimizer,
            self.masks,
            matches=self.features,
            temperature=self.settings.temperature,
            batch_statistics=self.batch_statistics,
        )

    @cached_property
    def _look(self) -> Look:
        return make_look(self.student)
