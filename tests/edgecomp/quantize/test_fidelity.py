"""The error that settings are chosen by sees what decides an answer, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.quantize.fidelity import CEILING_DB, Closeness, closeness

RNG = np.random.default_rng(0)


def outputs(array: np.ndarray) -> list[list[np.ndarray]]:
    return [[row[None].astype(np.float32)] for row in array]


def test_equal_outputs_have_no_error() -> None:
    same = outputs(RNG.normal(size=(9, 4)))
    found = closeness(same, same, classes=[True])
    assert (found.error, found.agreement, found.decibels, found.n) == (0.0, 1.0, CEILING_DB, 9)


@given(noise=st.floats(0.001, 0.3), offset=st.floats(-100, 100))
def test_an_offset_common_to_all_classes_is_no_error_and_no_signal(noise: float, offset: float) -> None:
    exact = np.random.default_rng(1).normal(size=(16, 10))
    noisy = exact + noise * np.random.default_rng(2).normal(size=exact.shape)
    plain = closeness(outputs(exact), outputs(noisy), classes=[True])
    shifted = closeness(outputs(exact + offset), outputs(noisy - offset), classes=[True])
    assert shifted.error == pytest.approx(plain.error, rel=0.05)


def test_probabilities_that_are_nearly_uniform_are_judged_by_their_differences() -> None:
    exact = 0.1 + 1e-4 * RNG.normal(size=(16, 10))
    coarse = np.round(exact * 256) / 256
    assert closeness(outputs(exact), outputs(coarse), classes=[True]).decibels < 1
    assert closeness(outputs(exact), outputs(coarse), classes=[False]).decibels < 1


def test_values_are_judged_by_how_they_vary_from_sample_to_sample() -> None:
    exact = 1000 + RNG.normal(size=(32, 3))
    noisy = exact + RNG.normal(size=exact.shape)
    assert closeness(outputs(exact), outputs(noisy), classes=[False]).error == pytest.approx(0.4, abs=0.15)
    assert closeness(outputs(exact), outputs(noisy), classes=[False]).agreement is None


def test_more_noise_is_more_error() -> None:
    exact = RNG.normal(size=(32, 10))
    noise = RNG.normal(size=exact.shape)
    errors = [
        closeness(outputs(exact), outputs(exact + level * noise), classes=[True]).error for level in (0.01, 0.1, 1)
    ]
    assert errors == sorted(errors)
    assert errors[0] < errors[2] / 100


def test_a_few_lost_answers_count_among_many_good_ones() -> None:
    exact = RNG.normal(size=(24, 10))
    lost = exact.copy()
    lost[[3, 17]] = 0.0
    found = closeness(outputs(exact), outputs(lost), classes=[True])
    assert found.error == pytest.approx(2 / 24)
    assert np.flatnonzero(found.errors).tolist() == [3, 17]


def test_an_undecided_sample_does_not_decide() -> None:
    exact = np.tile([0.9, 0.1], (24, 1))
    exact[5] = [0.501, 0.499]
    given_ = exact + np.array([0.01, -0.01])
    found = closeness(outputs(exact), outputs(given_), classes=[True])
    assert found.errors[5] == pytest.approx(found.errors[0], rel=1e-3)


def test_evidence_is_what_the_samples_agree_on() -> None:
    errors = RNG.uniform(0.1, 0.2, 24)
    base = Closeness(tuple(errors), None)
    evenly, by_one_sample = Closeness(tuple(errors * 0.9), None), Closeness((0.0, *errors[1:]), None)
    assert evenly.evidence_over(base) > 5
    assert by_one_sample.evidence_over(base) == pytest.approx(1.0)
    assert base.evidence_over(evenly) == -evenly.evidence_over(base)
    assert base.evidence_over(base) == 0
    assert Closeness((0.1, 0.1), None).evidence_over(Closeness((0.2, 0.2), None)) == math.inf
    assert Closeness((0.1,), None).evidence_over(Closeness((0.2,), None)) == 0, "one sample tells nothing"


def test_outputs_that_are_not_finite_count_as_all_noise() -> None:
    exact = RNG.normal(size=(4, 10))
    assert closeness(outputs(exact), outputs(np.full((4, 10), np.nan)), classes=[True]).error == pytest.approx(1.0)


def test_a_single_score_is_a_value() -> None:
    exact = RNG.normal(size=(8, 1))
    found = closeness(outputs(exact), outputs(exact + 0.01), classes=[True])
    assert found.agreement is None
    assert 0 < found.error < 0.01


def test_several_outputs_are_averaged() -> None:
    good, bad = RNG.normal(size=(8, 5)), RNG.normal(size=(8, 5))
    exact = [[one[None], other[None]] for one, other in zip(good, bad, strict=True)]
    given_ = [[one[None], -other[None]] for one, other in zip(good, bad, strict=True)]
    assert closeness(exact, given_, classes=[True, True]).error == pytest.approx(0.5)


def test_comparing_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 references"):
        closeness([], [], classes=[True])
