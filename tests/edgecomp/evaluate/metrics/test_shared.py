"""Accuracy, error and fidelity as counted sample by sample, held against NumPy over all samples at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgecomp.evaluate.metrics import Fidelity, Score, answer, sqnr_db

SCORES = arrays.arrays(np.float32, (10, 1, 4), elements=st.floats(-100, 100, width=32))


@given(scores=SCORES, labels=arrays.arrays(np.int64, 10, elements=st.integers(0, 3)))
def test_top1_is_the_share_of_largest_scores_at_the_label(scores: np.ndarray, labels: np.ndarray) -> None:
    score = Score(classification=True)
    for one, label in zip(scores, labels, strict=True):
        score.add([one], label)
    metric = score.metric()
    assert metric is not None
    assert metric.to_dict() == {"name": "top1", "value": np.mean(scores[:, 0].argmax(axis=1) == labels), "n": 10}


@given(values=SCORES, wanted=SCORES)
def test_mse_is_the_mean_over_values_and_samples(values: np.ndarray, wanted: np.ndarray) -> None:
    score = Score(classification=False)
    for one, label in zip(values, wanted, strict=True):
        score.add([one], label[0])
    metric = score.metric()
    assert metric is not None
    assert metric.name == "mse"
    assert metric.value == pytest.approx(np.mean((values.astype(float) - wanted) ** 2))


def test_without_labels_there_is_no_figure() -> None:
    assert Score(classification=True).metric() is None
    assert Fidelity(classification=True).agreement is None


@pytest.mark.parametrize(
    ("value", "threshold", "expected"), [(0.7, 0.5, 1), (0.3, 0.5, 0), (0.3, 0.0, 1), (-2.0, 0.0, 0)]
)
def test_a_single_score_is_held_against_the_threshold(value: float, threshold: float, expected: int) -> None:
    assert answer([np.array([[value]], np.float32)], threshold) == expected


def test_a_single_whole_number_is_the_class_itself() -> None:
    assert answer([np.array([7], np.int64)], 0.5) == 7
    assert answer([np.array([[0]], np.int32)], 0.5) == 0


@given(reference=SCORES, noise=arrays.arrays(np.float32, (10, 1, 4), elements=st.floats(-1, 1, width=32)))
def test_fidelity_counts_same_answers_and_energies(reference: np.ndarray, noise: np.ndarray) -> None:
    fidelity = Fidelity(classification=True)
    ours = reference + noise
    for wanted, got in zip(reference, ours, strict=True):
        fidelity.add([wanted], [got])
    assert fidelity.agreement == np.mean(reference[:, 0].argmax(axis=1) == ours[:, 0].argmax(axis=1))
    signal = np.sum(reference.astype(float) ** 2)
    lost = np.sum((reference.astype(float) - ours) ** 2)
    assert fidelity.sqnr_db == (pytest.approx(10 * math.log10(signal / lost)) if signal and lost else None)


def test_fidelity_of_values_has_no_agreement() -> None:
    fidelity = Fidelity(classification=False)
    fidelity.add([np.ones(3, np.float32)], [np.ones(3, np.float32)])
    assert fidelity.agreement is None
    assert fidelity.sqnr_db is None


@pytest.mark.parametrize(("signal", "noise"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_a_ratio_that_is_endless_or_undefined_is_no_figure(signal: float, noise: float) -> None:
    assert sqnr_db(signal, noise) is None


def test_ten_times_the_amplitude_is_twenty_decibels() -> None:
    assert sqnr_db(100.0, 1.0) == pytest.approx(20.0)
