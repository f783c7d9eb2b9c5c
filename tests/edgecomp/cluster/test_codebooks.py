"""Codebooks have no more entries than asked for, keep zero where asked, and share values as well as can be."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.cluster import assign, fit_centroids, fit_levels
from edgecomp.cluster.codebooks import STARTS

floats = st.lists(st.floats(-140, 140, width=32), min_size=1, max_size=60).map(np.array)


def error(values: np.ndarray, book: np.ndarray, weights: np.ndarray | None = None) -> float:
    shared = book.astype(float)[assign(values, book)]
    return float(np.sum(np.square(np.clip(values, -127, 127) - shared) * (1 if weights is None else weights)))


@given(floats, st.integers(2, 20), st.sampled_from(STARTS), st.booleans())
def test_centroids_are_few_ascending_and_have_zero_where_asked(
    values: np.ndarray, count: int, start: str, keep_zero: bool
) -> None:
    book = fit_centroids(values, count, start=start, keep_zero=keep_zero)  # type: ignore[arg-type]
    assert 1 <= len(book) <= max(count, keep_zero)
    assert np.all(np.diff(book) > 0)
    assert not keep_zero or 0.0 in book
    assert np.array_equal(book[assign(book, book)], book)


@pytest.mark.parametrize("start", STARTS)
def test_more_centroids_share_better(start: str) -> None:
    values = np.random.default_rng(0).normal(size=2000)
    errors = [error(values, fit_centroids(values, count, start=start)) for count in (2, 4, 8, 16, 64)]  # type: ignore[arg-type]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < 0.02 * 2000  # 16 levels of a normal distribution leave about 1%


def test_a_linear_start_keeps_the_extremes_apart() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(size=5000), [30.0]])
    assert 30.0 in fit_centroids(values, 8, start="linear")


@given(floats, st.integers(1, 12), st.booleans())
def test_levels_are_few_integers_with_zero_where_asked(values: np.ndarray, count: int, keep_zero: bool) -> None:
    levels = fit_levels(values, count, keep_zero=keep_zero)
    assert levels.dtype == np.int8
    assert 1 <= len(levels) <= count
    assert np.all(np.diff(levels.astype(int)) > 0)
    assert np.abs(levels.astype(int)).max() <= 127
    if keep_zero and count > 1:
        assert 0 in levels or not np.any(np.abs(values) < 0.5)


@given(
    st.lists(st.integers(-4, 4), min_size=1, max_size=12),
    st.lists(st.floats(0.1, 4), min_size=12, max_size=12),
    st.integers(1, 4),
)
def test_no_choice_of_integers_shares_better_than_the_levels(
    drawn: list[int], counted: list[float], count: int
) -> None:
    values, weights = np.array(drawn, float), np.array(counted[: len(drawn)])
    best = min(
        error(values, np.array(sorted(chosen)), weights)
        for size in range(1, count + 1)
        for chosen in combinations(range(-4, 5), size)
    )
    assert error(values, fit_levels(values, count, weights=weights), weights) == pytest.approx(best, abs=1e-9)


def test_levels_follow_the_weights_that_count() -> None:
    values = np.array([10.0, 20.0, 100.0])
    assert fit_levels(values, 1, weights=np.array([0, 0, 1.0])).tolist() == [100]
    assert fit_levels(values, 1, weights=np.array([1.0, 0, 0])).tolist() == [10]


def test_the_nearest_entry_is_taken_and_the_lower_of_two() -> None:
    assert assign(np.array([-9.0, 0.4, 0.5, 0.6, 9.0]), np.array([0.0, 1.0])).tolist() == [0, 0, 0, 1, 1]
