"""Histograms count every float once, in a bin that holds it, and add up whatever the order and the parts."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecomp.errors import InputError
from edgecomp.quantize.ranges.histogram import EMPTY, Histogram

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=True)
ARRAYS = arrays(np.float32, st.integers(1, 80), elements=FLOATS)
NEXT_TO_ZERO = 2.0**-130


def same(one: Histogram, other: Histogram) -> bool:
    return bool(np.array_equal(one.bins, other.bins) and np.array_equal(one.counts, other.counts))


@settings(max_examples=200)
@given(ARRAYS)
def test_every_value_is_counted_in_the_one_bin_that_holds_it(values: np.ndarray) -> None:
    histogram = Histogram.of(values)
    left, right = histogram.edges()
    assert histogram.total == len(values)
    exact = np.where(np.abs(values.astype(np.float64)) < NEXT_TO_ZERO, 0, values.astype(np.float64))
    for low, high, count in zip(left, right, histogram.counts, strict=True):
        # Bins of positive values are closed at the left, those of negative ones at the right.
        held = (exact >= low) & (exact < high) if low > 0 else (exact > low) & (exact <= high)
        held = exact == 0 if low == high == 0 else held
        assert held.sum() == count


@settings(max_examples=100)
@given(ARRAYS)
def test_bins_ascend_and_are_at_most_a_sixteenth_of_their_value_wide(values: np.ndarray) -> None:
    left, right = Histogram.of(values).edges()
    assert (left <= right).all()
    assert (right[:-1] <= left[1:]).all()
    normal = np.minimum(np.abs(left), np.abs(right)) >= np.finfo(np.float32).tiny
    assert ((right - left)[normal] <= np.minimum(np.abs(left), np.abs(right))[normal] / 16 * (1 + 1e-12)).all()


@settings(max_examples=100)
@given(ARRAYS, ARRAYS)
def test_merging_is_the_same_as_counting_all_at_once(one: np.ndarray, other: np.ndarray) -> None:
    merged = Histogram.of(one).merge(Histogram.of(other))
    assert same(merged, Histogram.of(np.concatenate([other, one])))
    assert same(merged.merge(EMPTY), merged)


@settings(max_examples=100)
@given(ARRAYS, st.floats(0, 1))
def test_a_quantile_lies_in_the_bin_of_the_exact_one(values: np.ndarray, share: float) -> None:
    histogram = Histogram.of(values)
    place = min(max(int(np.ceil(share * len(values))) - 1, 0), len(values) - 1)
    exact = float(np.sort(values)[place])
    exact = 0.0 if abs(exact) < NEXT_TO_ZERO else exact
    found = histogram.quantile(share)
    left, right = histogram.edges()
    inside = (left <= exact) & (exact <= right)
    assert (left[inside].min() <= found) & (found <= right[inside].max())


def test_quantiles_of_many_values_are_close() -> None:
    values = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    histogram = Histogram.of(values)
    for share in (0.0001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.9999):
        assert histogram.quantile(share) == pytest.approx(np.quantile(values, share), rel=0.02, abs=2e-3)


def test_both_zeros_and_what_is_next_to_them_are_zero() -> None:
    values = np.array([0.0, -0.0, 1e-45, -1e-45, np.finfo(np.float32).smallest_subnormal], np.float32)
    histogram = Histogram.of(values)
    assert histogram.bins.tolist() == [0]
    assert histogram.counts.tolist() == [5]
    assert histogram.quantile(0.9) == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -np.nan])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="NaN or infinite"):
        Histogram.of(np.array([1, value], np.float32))


def test_the_largest_floats_are_counted() -> None:
    limit = np.finfo(np.float32).max
    assert Histogram.of(np.array([limit, -limit], np.float32)).total == 2


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="no quantile"):
        Histogram.of(np.ones(3, np.float32)).quantile(share)


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(InputError, match="no quantile"):
        EMPTY.quantile(0.5)


def test_a_million_values_pickle_to_a_few_kilobytes() -> None:
    values = np.random.default_rng(0).normal(size=1_000_000).astype(np.float32)
    restored = pickle.loads(pickle.dumps(Histogram.of(values)))
    assert len(pickle.dumps(restored)) < 16_000
    assert restored.total == 1_000_000
