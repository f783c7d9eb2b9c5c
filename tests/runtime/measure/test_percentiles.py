"""Percentiles come with intervals that hold what they promise, and never from too few samples."""

from __future__ import annotations

import numpy as np
import pytest
from edgecomp_runtime.measure.percentiles import order_interval, summarize
from hypothesis import given
from hypothesis import strategies as st


def _windows(times: np.ndarray | list[float], count: int = 5) -> list[np.ndarray]:
    return np.array_split(np.asarray(times, np.float64), count)


def test_percentiles_need_enough_runs() -> None:
    assert summarize(_windows([1.0] * 49)).p90 is None
    assert summarize(_windows([1.0] * 50)).p90 == 1.0
    assert summarize(_windows([1.0] * 999)).p99 is None
    assert summarize(_windows([1.0] * 1000)).p99 == 1.0


def test_the_mean_the_least_and_the_upper_percentiles_are_of_all_runs() -> None:
    latency = summarize(_windows(list(range(1, 101))), runs=1000)
    assert (latency.p50, latency.least, latency.mean, latency.runs) == (50.5, 1, 50.5, 1000)
    assert latency.p90 == pytest.approx(90.1)
    assert set(latency.intervals) == {"p50", "p90"}


def test_one_disturbed_window_does_not_move_p50() -> None:
    windows = [np.full(100, 1.0) for _ in range(4)] + [np.full(1000, 9.0)]
    assert summarize(windows).p50 == 1.0


@pytest.mark.parametrize(
    ("count", "share", "low", "high", "confidence"),
    [
        # Tables of the sign test: Conover, Practical Nonparametric Statistics, table A3.
        (10, 0.5, 2, 9, 0.9785),
        (15, 0.5, 4, 12, 0.9648),
        (20, 0.5, 6, 15, 0.9586),
        (5, 0.5, 1, 5, 0.9375),  # five cannot give more
        (6, 0.5, 1, 6, 0.9688),
    ],
)
def test_intervals_are_the_published_ones(count: int, share: float, low: int, high: int, confidence: float) -> None:
    found = order_interval(count, share)
    assert found[:2] == (low - 1, high - 1)
    assert found[2] == pytest.approx(confidence, abs=1e-4)


@pytest.mark.parametrize(("count", "share"), [(100, 0.5), (100, 0.9), (1000, 0.99), (3000, 0.99)])
def test_intervals_hold_the_true_quantile_as_often_as_they_say(count: int, share: float) -> None:
    low, high, confidence = order_interval(count, share)
    samples = np.sort(np.random.default_rng(0).random((4000, count)), axis=1)
    held = np.mean((samples[:, low] <= share) & (share <= samples[:, high]))
    assert confidence >= 0.95
    assert held == pytest.approx(confidence, abs=0.012)


@given(count=st.integers(1, 2_000_000), share=st.sampled_from([0.5, 0.9, 0.99]))
def test_intervals_lie_within_the_samples_around_the_quantile(count: int, share: float) -> None:
    low, high, confidence = order_interval(count, share)
    assert 0 <= low <= high < count
    assert low <= count * share
    assert high >= min(count * share, count) - 1
    assert 0 <= confidence <= 1
    if count >= 1000:
        assert 0.95 <= confidence < 0.98


def test_slow_moments_widen_the_interval() -> None:
    # 100,000 samples pin a median to a fraction of a percent, if they are independent; windows that differ say more.
    random = np.random.default_rng(1)
    windows = [level + random.normal(0, 0.01, 20_000) for level in (1.0, 1.05, 1.1, 1.02, 1.07)]
    latency = summarize(windows)
    interval = latency.intervals["p50"]
    assert interval.low == pytest.approx(1.0, abs=0.001)
    assert interval.high == pytest.approx(1.1, abs=0.001)
    assert interval.low <= latency.p50 <= interval.high
    assert interval.confidence == pytest.approx(0.9375)


@given(st.lists(st.lists(st.floats(1e-3, 1e4), min_size=1, max_size=40), min_size=1, max_size=8))
def test_a_value_always_lies_in_its_interval(windows: list[list[float]]) -> None:
    latency = summarize([np.array(one) for one in windows])
    shown = {"p50": latency.p50, "p90": latency.p90, "p99": latency.p99}
    assert set(latency.intervals) == {name for name, value in shown.items() if value is not None}
    for name, interval in latency.intervals.items():
        value = shown[name]
        assert value is not None
        assert interval.low <= value <= interval.high
