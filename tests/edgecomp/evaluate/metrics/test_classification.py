"""Our few formulas held against scikit-learn's, on random and degenerate inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.evaluate.metrics.classification import (
    calibration_error,
    class_figures,
    confusion_matrix,
    log_loss,
    ranks,
)

sklearn = pytest.importorskip("sklearn.metrics")
CLASSES = 5


@st.composite
def answered(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels and answers; often of few classes, so that some are never there or never answered."""
    n, used = draw(st.integers(1, 40)), draw(st.integers(1, CLASSES))
    pick = st.lists(st.integers(0, used - 1), min_size=n, max_size=n)
    return np.array(draw(pick), np.int64), np.array(draw(pick), np.int64)


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores from few levels, so that there are ties, and labels."""
    n = draw(st.integers(1, 30))
    levels = draw(st.lists(st.integers(0, 4), min_size=n * CLASSES, max_size=n * CLASSES))
    labels = draw(st.lists(st.integers(0, CLASSES - 1), min_size=n, max_size=n))
    return np.array(levels, np.float64).reshape(n, CLASSES), np.array(labels, np.int64)


@settings(max_examples=40)
@given(answered())
def test_confusion_precision_recall_and_f1_are_scikit_learns(pair: Any) -> None:
    labels, answers = pair
    confusion = confusion_matrix(labels, answers, CLASSES)
    assert np.array_equal(confusion, sklearn.confusion_matrix(labels, answers, labels=range(CLASSES)))
    figures = class_figures(confusion)
    wanted = sklearn.precision_recall_fscore_support(labels, answers, labels=range(CLASSES), zero_division=0)
    for ours, theirs in zip((figures.precision, figures.recall, figures.f1, figures.count), wanted, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-12)
    assert figures.macro_f1 == pytest.approx(sklearn.f1_score(labels, answers, average="macro", zero_division=0))
    recalls = sklearn.recall_score(labels, answers, labels=np.unique(labels), average="macro", zero_division=0)
    assert figures.balanced_accuracy == pytest.approx(recalls)


@settings(max_examples=40)
@given(scored(), st.integers(1, CLASSES - 1))
def test_ranks_give_scikit_learns_top_k(pair: Any, k: int) -> None:
    scores, labels = pair
    # scikit-learn prefers the later of equal scores; seen from behind that is the earlier one.
    wanted = sklearn.top_k_accuracy_score(
        CLASSES - 1 - labels, scores[:, ::-1], k=k, labels=range(CLASSES), normalize=False
    )
    assert (ranks(scores, labels) < k).sum() == wanted


@settings(max_examples=40)
@given(scored())
def test_a_rank_of_nought_is_the_argmax(pair: Any) -> None:
    scores, labels = pair
    assert np.array_equal(ranks(scores, labels) == 0, scores.argmax(axis=1) == labels)


@settings(max_examples=40)
@given(scored())
def test_log_loss_is_scikit_learns(pair: Any) -> None:
    scores, labels = pair
    raised = np.exp(scores)
    given_probabilities = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    given_probabilities /= given_probabilities.sum(axis=1, keepdims=True)
    wanted = sklearn.log_loss(labels, given_probabilities.astype(np.float64), labels=range(CLASSES))
    assert log_loss(given_probabilities.astype(np.float64), labels) == pytest.approx(wanted, rel=1e-5)


def test_a_probability_of_nought_costs_much_and_not_infinitely_much() -> None:
    assert 10 < log_loss(np.array([[1.0, 0.0]]), np.array([1])) < 20


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=60))
def test_calibration_error_is_the_gap_of_each_bin_weighted_by_its_samples(pairs: list[tuple[float, bool]]) -> None:
    confidence, right = np.array([one for one, _ in pairs]), np.array([other for _, other in pairs])
    wanted = 0.0
    for place in range(15):
        low, high = place / 15, (place + 1) / 15
        inside = (np.ceil(confidence * 15) == place + 1) | ((place == 0) & (confidence == 0))
        assert np.all((confidence[inside] >= low - 1e-9) & (confidence[inside] <= high + 1e-9))
        if inside.any():
            wanted += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert calibration_error(confidence, right) == pytest.approx(wanted, abs=1e-9)


def test_calibration_error_of_the_sure_and_wrong_is_one() -> None:
    assert calibration_error(np.ones(4), np.zeros(4, bool)) == 1.0
    assert calibration_error(np.ones(4), np.ones(4, bool)) == 0.0
