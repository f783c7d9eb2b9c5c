"""What a network is measured against: the teacher, and an answer that never changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgecomp.train.heads import Head
from edgecomp.train.judge import Judge

from .networks import classifier, corners, examples_of

EIGHT = np.arange(8)


def _judge(labels: np.ndarray | None, wanted: np.ndarray | None, task: str = "classes") -> Judge:
    examples = examples_of(classifier(4, seed=1), corners(8))
    return Judge(examples, EIGHT, [Head(task)], labels, None if wanted is None else [wanted])  # type: ignore[arg-type]


def test_the_teachers_accuracy_is_what_there_is_to_know() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 2, -1])
    scores = np.eye(3)[[0, 0, 0, 1, 1, 1, 0, 2]]
    judge = _judge(labels, scores)
    assert judge.reference == pytest.approx(5 / 7)
    assert judge.by_chance == pytest.approx(4 / 7)
    assert replace(judge, wanted=None).reference == 1


def test_without_labels_the_teachers_most_frequent_answer_counts() -> None:
    judge = _judge(None, np.eye(3)[[0, 0, 1, 2, 2, 2, 2, 2]])
    assert (judge.reference, judge.by_chance) == (1, pytest.approx(5 / 8))


def test_of_questions_the_more_frequent_answer_counts() -> None:
    targets = np.array([[1.0, np.nan], [1, 1], [1, 0], [1, 1], [0, 1], [0, 1], [1, 1], [1, 0]], np.float32)
    assert _judge(targets, None, "independent").by_chance == pytest.approx(11 / 15)
    assert _judge(np.array([0, 0, 0, 1, -1, -1, -1, -1]), None, "independent").by_chance == pytest.approx(3 / 4)


def test_values_are_measured_against_their_mean() -> None:
    judge = _judge(None, np.zeros((8, 2), np.float32), "values")
    assert (judge.reference, judge.by_chance) == (0, 1)
