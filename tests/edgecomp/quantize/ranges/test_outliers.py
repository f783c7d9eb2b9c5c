"""Broken calibration samples are told from sound ones by what a network is fed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgecomp.quantize.ranges.outliers import broken_samples, gross_limit

TAILS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "alike": lambda rng: rng.uniform(0.9, 1, 100),
    "lognormal": lambda rng: rng.lognormal(0, 0.5, 100),
    "exponential": lambda rng: rng.exponential(size=100),
    "pareto": lambda rng: rng.pareto(2, 100) + 1,
    "heavy pareto": lambda rng: rng.pareto(1, 100) + 1,
}


@pytest.mark.parametrize("tail", TAILS)
def test_no_tail_is_so_heavy_that_sound_samples_are_rejected(tail: str) -> None:
    rejected = sum(gross_limit(TAILS[tail](np.random.default_rng(seed))) < np.inf for seed in range(200))
    assert rejected <= 4  # FALSE_ALARMS of 200 are 2


@pytest.mark.parametrize(("tail", "least"), [("alike", 1.0), ("lognormal", 0.9)])
def test_three_samples_of_fifty_times_their_size_are_found(tail: str, least: float) -> None:
    found = 0
    for seed in range(100):
        magnitudes = TAILS[tail](np.random.default_rng(seed))
        magnitudes[:3] *= 50
        found += broken_samples(magnitudes[:, None]) == (0, 1, 2)
    assert found >= least * 100


@pytest.mark.parametrize(
    "magnitudes", [np.array([1.0] * 8 + [50]), np.zeros(50), np.append(np.zeros(50), 9), np.ones(1)]
)
def test_what_cannot_be_told_is_not_rejected(magnitudes: np.ndarray) -> None:
    assert gross_limit(magnitudes) == np.inf


@pytest.mark.parametrize("factor", [1.5, 3.0])
def test_a_somewhat_larger_sample_is_not_broken(factor: float) -> None:
    magnitudes = np.random.default_rng(0).uniform(0.8, 1, (60, 1))
    magnitudes[7] *= factor
    assert broken_samples(magnitudes) == ()


def test_a_kind_of_sample_that_is_not_rare_is_not_broken() -> None:
    magnitudes = np.random.default_rng(0).uniform(0.8, 1, (40, 1))
    magnitudes[::8] *= 50
    assert broken_samples(magnitudes) == ()
    magnitudes = np.random.default_rng(0).uniform(0.8, 1, (40, 1))
    magnitudes[[3, 20, 38]] *= 50
    assert broken_samples(magnitudes) == (3, 20, 38)


def test_any_input_can_tell() -> None:
    magnitudes = np.random.default_rng(0).uniform(0.8, 1, (40, 3))
    magnitudes[5, 0] = magnitudes[9, 2] = 1000
    assert broken_samples(magnitudes) == (5, 9)


def test_a_model_without_float_inputs_has_no_broken_samples() -> None:
    assert broken_samples(np.zeros((40, 0))) == ()
