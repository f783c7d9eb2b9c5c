"""What candidates are judged by: accuracy where there are labels, agreement where there are none, error of values."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.pipeline.searching.jury import FEWEST, Jury

COUNT = 40


class Bench:
    """Files are their own outputs here."""

    threads = 1

    def __init__(self) -> None:
        self.worker = SimpleNamespace(
            call=lambda _, file, contract, *, threads, stream: [file[n] for n, _ in enumerate(stream)]
        )


def contract(kind: str) -> Any:
    return SimpleNamespace(outputs=[SimpleNamespace(kind=kind, activation="none")])


def answers(classes: np.ndarray) -> list[list[np.ndarray]]:
    return [[row[None]] for row in np.eye(3, dtype=np.float32)[classes]]


def jury(reference: Any, labels: Any, kind: str = "classification", count: int = COUNT) -> Jury:
    stream = lambda: (({}, None if labels is None else labels[n]) for n in range(count))  # noqa: E731
    return Jury("training", reference, contract(kind), stream, Bench())  # type: ignore[arg-type]


@pytest.fixture
def classes() -> np.ndarray:
    return np.arange(COUNT) % 3


def test_with_labels_it_counts_right_answers(classes: np.ndarray) -> None:
    given = classes.copy()
    given[:4] = (given[:4] + 1) % 3
    judge = jury(answers(classes), classes)

    judged = judge.judge(answers(given))

    assert judge.measure == "top1"
    assert judged.points == pytest.approx(10.0)
    assert judged.agreement == pytest.approx(0.9)
    assert judged.low < 10.0 < judged.high


def test_answers_that_become_right_count_for_the_file(classes: np.ndarray) -> None:
    wrong = classes.copy()
    wrong[:4] = (wrong[:4] + 1) % 3

    assert jury(answers(wrong), classes).judge(answers(classes)).points == pytest.approx(-10.0)


def test_without_labels_it_counts_answers_that_differ(classes: np.ndarray) -> None:
    given = classes.copy()
    given[0] = (given[0] + 1) % 3
    judge = jury(answers(classes), None)

    judged = judge.judge(answers(given))

    assert judge.measure == "agreement"
    assert judged.points == pytest.approx(100 / COUNT)
    assert judged.low > 0


def test_values_are_compared_by_their_error() -> None:
    exact = [[np.array([[float(n)]], np.float32)] for n in range(COUNT)]
    given = [[one[0] + 1] for one in exact]
    judge = jury(exact, None, kind="values")

    judged = judge.judge(given)

    assert judge.measure == "error"
    assert judge.judge(exact).points == 0
    assert 0 < judged.points < 5
    assert judged.noise is None


def test_too_few_samples_are_refused(classes: np.ndarray) -> None:
    with pytest.raises(InputError, match="fewest"):
        jury(answers(classes), classes, count=FEWEST - 1)


def test_the_noise_is_half_of_the_interval(classes: np.ndarray) -> None:
    judged = jury(answers(classes), classes).judge(answers(classes))

    assert judged.noise == pytest.approx((judged.high - judged.low) / 2)
    assert replace(judged, low=None).noise is None
