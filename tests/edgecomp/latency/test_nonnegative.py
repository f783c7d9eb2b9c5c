"""Least squares without negative coefficients."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecomp.latency.nonnegative import nonnegative_least_squares

numbers = st.floats(-10, 10, width=32)


@given(arrays(np.float64, (7, 4), elements=numbers), arrays(np.float64, 7, elements=numbers))
def test_no_step_to_either_side_is_better(matrix: np.ndarray, target: np.ndarray) -> None:
    found = nonnegative_least_squares(matrix, target)
    assert (found >= 0).all()
    reached = np.square(matrix @ found - target).sum()
    for place in range(4):
        for step in (-1e-3, 1e-3):
            other = found.copy()
            other[place] = max(0.0, other[place] + step)
            assert np.square(matrix @ other - target).sum() >= reached - 1e-4


def test_what_is_exactly_so_is_found() -> None:
    matrix = np.random.default_rng(0).uniform(0, 1, (20, 5))
    wanted = np.array([3.0, 0.0, 0.5, 0.0, 1e-3])
    np.testing.assert_allclose(nonnegative_least_squares(matrix, matrix @ wanted), wanted, atol=1e-6)


def test_equal_columns_and_empty_ones_do_no_harm() -> None:
    column = np.arange(1.0, 6.0)
    matrix = np.stack([column, column, np.zeros(5)], axis=1)
    found = nonnegative_least_squares(matrix, 2 * column)
    np.testing.assert_allclose(matrix @ found, 2 * column, rtol=1e-6)
    assert found[2] == 0


def test_nothing_positive_fits() -> None:
    assert not nonnegative_least_squares(np.ones((3, 2)), -np.ones(3)).any()
