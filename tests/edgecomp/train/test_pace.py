"""A machine that becomes slower on the way: the schedule still ends, and the same steps give the same weights again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgecomp.train.course import Course
from edgecomp.train.settings import TrainSettings
from edgecomp.train.train import train

from .networks import classifier, corners, examples_of

BUDGET = 10.0
FAST, SLOW, CHANGED = 0.02, 0.05, 200
"""Seconds that a step takes, and the number of steps after which it takes longer."""


@pytest.fixture
def slowing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that only steps of training move."""
    clock = SimpleNamespace(now=100.0, steps=0)
    learn = Course.learn

    def timed(course: Course, *given: Any) -> Any:
        clock.steps += 1
        clock.now += FAST if clock.steps < CHANGED else SLOW
        return learn(course, *given)

    monkeypatch.setattr(Course, "learn", timed)
    for module in ("course", "loop", "train", "checkpointing"):
        monkeypatch.setattr(f"edgecomp.train.{module}.time", SimpleNamespace(monotonic=lambda: clock.now))


def test_the_schedule_ends_within_the_time_and_can_be_done_again(slowing: None) -> None:
    first, again = classifier(seed=1), classifier(seed=1)
    examples = examples_of(first, corners(700), kind="classification")

    trained = train(first, examples, TrainSettings("labels", time_budget=BUDGET))

    assert trained.changes
    assert trained.stopped == "all epochs were done"
    assert trained.steps_done == trained.changes[-1][1] < trained.steps
    assert 0.85 * BUDGET < trained.history[-1].seconds <= BUDGET

    planned = TrainSettings("labels", steps=trained.steps, stop_after=trained.steps_done, changes=trained.changes)
    repeated = train(again, examples, planned)

    assert repeated.changes == trained.changes
    assert repeated.steps_done == trained.steps_done
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
