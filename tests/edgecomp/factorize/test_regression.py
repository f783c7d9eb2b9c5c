"""Projections of regressions: exact at full rank, as good as they say, and no worse for few samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.factorize.regression import Regression, energies, observed, project, unweighted


def of_sizes(cells: int, cell: int, outputs: int, seed: int, *, samples: int = 0) -> Regression:
    random = np.random.default_rng(seed)
    weights = random.normal(size=(cells * cell, outputs))
    if not samples:
        return unweighted(weights)
    read = random.normal(size=(samples, cells * cell)) @ random.normal(size=(cells * cell, cells * cell)) + 2
    return observed(weights, (rows := read.astype(np.float32)), rows)


def lost(regression: Regression, projection: np.ndarray, weights: np.ndarray, cells: int) -> float:
    """The share of the energy that a factorization loses, by its definition."""
    cell = len(projection)
    effective = np.concatenate([projection @ one for one in np.split(weights, cells)])
    assert effective.shape == (cells * cell, weights.shape[1])
    covariance = regression.covariance
    covariance = np.diag(covariance) if covariance.ndim == 1 else covariance
    error = regression.weights - effective
    return float(np.sum(error * (covariance @ error)) / regression.energy)


SIZES = st.tuples(st.sampled_from([1, 3, 4]), st.integers(1, 6), st.integers(1, 8), st.integers(0, 99))


@settings(max_examples=60)
@given(SIZES, st.booleans(), st.integers(1, 6))
def test_a_projection_loses_what_it_says_and_nothing_at_full_rank(
    sizes: tuple[int, int, int, int], from_samples: bool, rank: int
) -> None:
    cells, cell, outputs, seed = sizes
    regression = of_sizes(cells, cell, outputs, seed, samples=400 if from_samples else 0)
    full = min(cell, cells * outputs)
    rank = min(rank, full)
    projection, rest = project(regression, cells, rank)
    share = lost(regression, projection, rest.weights, cells)
    assert share == pytest.approx(1 - rest.energy / regression.energy, abs=1e-6)
    if rank == full:
        assert share < 1e-8


def test_with_one_cell_no_other_projection_is_better() -> None:
    regression = of_sizes(1, 12, 9, 0, samples=300)
    kept = energies(regression)
    assert kept[-1] == pytest.approx(regression.energy)
    random = np.random.default_rng(1)
    for rank in (1, 3, 6):
        best = project(regression, 1, rank)[1].energy
        assert best == pytest.approx(kept[rank - 1])
        for _ in range(50):
            basis = np.linalg.qr(random.normal(size=(9, rank)))[0]
            other = regression.weights @ basis @ basis.T
            error = regression.weights - other
            assert np.sum(error * (regression.covariance @ error)) >= regression.energy - best - 1e-9


def test_samples_tell_which_inputs_count() -> None:
    random = np.random.default_rng(0)
    weights = random.normal(size=(20, 16))
    sizes = np.where(np.arange(20) < 4, 10.0, 0.01)
    rows = (random.normal(size=(500, 20)) * sizes).astype(np.float32)
    regression = observed(weights, rows, rows)
    plain, fitted = project(unweighted(weights), 1, 4), project(regression, 1, 4)
    assert lost(regression, plain[0], plain[1].weights, 1) > 0.3
    assert lost(regression, fitted[0], fitted[1].weights, 1) < 0.02


def test_errors_before_a_layer_are_made_good_as_far_as_they_can_be() -> None:
    random = np.random.default_rng(0)
    weights = random.normal(size=(10, 6))
    wanted = random.normal(size=(2000, 10)).astype(np.float32)
    given_instead = wanted @ (np.eye(10) + 0.3 * random.normal(size=(10, 10))).astype(np.float32)
    fitted = observed(weights, wanted, given_instead).weights
    left, before = (np.sum((given_instead @ one - wanted @ weights) ** 2) for one in (fitted, weights))
    assert left < 0.02 * before


@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_few_samples_do_no_harm_to_others(count: int) -> None:
    random = np.random.default_rng(count)
    weights = random.normal(size=(30, 4))
    wanted = random.normal(size=(count + 500, 30)).astype(np.float32)
    given_instead = wanted + 0.1 * random.normal(size=wanted.shape).astype(np.float32)
    fitted = observed(weights, wanted[:count], given_instead[:count]).weights
    left, before = (np.sum((given_instead @ one - wanted @ weights)[count:] ** 2) for one in (fitted, weights))
    assert left < 2 * before


def test_inputs_that_never_move_do_no_harm() -> None:
    weights = np.random.default_rng(0).normal(size=(6, 4))
    still = np.zeros((50, 6), np.float32)
    projection, rest = project(observed(weights, still, still), 1, 4)
    assert np.abs(projection @ rest.weights - weights).max() < 1e-6
