"""A training that is ready to run, compiled."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from . import variables
from .features import FeatureMatch
from .feed import Batch, Feed
from .judge import Judge, Score
from .learning_rate import has_batch_norm, highest_rate, intact
from .schedule import Pace
from .settings import TrainSettings
from .sparsity.gradual import Gradual, plan_gradual
from .sparsity.masks import Masks
from .step import Look, Reader, Step, make_look, make_optimizer, make_step
from .weighting import Weights

_FEWEST_MEASURED = 5
_MOST_MEASURED = 40
_MEASURED_SECONDS = 1.5


@dataclass(frozen=True, eq=False)
class Course:
    """What the loop works with.

    Args:
        student: what is trained.
        teacher: what it learns from, or None.
        feed: its batches.
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

    def learn(self, batch: Batch, rate: float, weights: Weights) -> Any:
        """One step; the loss, a scalar tensor that need not be there yet."""
        return self._step(batch.inputs, batch.labels, batch.known, rate, weights)

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
        weights = Weights(0.5, 0.5, 0.5)
        float(self.learn(self.feed.batch(0), 0.0, weights))  # compiles
        taken: list[float] = []
        batches = self.feed.batches(0, _MOST_MEASURED)
        while len(taken) < _FEWEST_MEASURED or (sum(taken) < _MEASURED_SECONDS and len(taken) < _MOST_MEASURED):
            began = time.monotonic()
            float(self.learn(next(batches), 0.0, weights))
            taken.append(time.monotonic() - began)
        batches.close()
        for one, values in zip(changing, untouched, strict=True):
            variables.write(one, values)
        began = time.monotonic()
        self.score()
        # The median: something else may have run for a moment.
        return Pace(statistics.median(taken), time.monotonic() - began, time.monotonic() - started)

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
