"""Percentiles of measured times, each with an interval, and none from too few.

The intervals are exact ones between order statistics (Conover, Practical Nonparametric Statistics, 3rd edition, section
3.2): the number of samples below a quantile is binomial, whatever the distribution. That takes samples for independent,
and times behind each other are not: a machine has slow moments. So there is a second interval by the same rule between
the windows, which are far enough apart, and what is given spans both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional

import numpy as np

P90_RUNS = 50
"""Fewest samples for a p90: five then lie above it."""

P99_RUNS = 1000
"""Fewest samples for a p99: ten then lie above it."""

CONFIDENCE = 0.95
FEWEST_WINDOWS = 5
"""Fewest windows for an interval between them. Of five, lowest and highest hold the median in 93.75% of all cases."""


@dataclass(frozen=True)
class Interval:
    """Where a percentile lies.

    Args:
        low: in milliseconds.
        high: in milliseconds.
        confidence: in which share of all measurements an interval made like this one holds the true value.
    """

    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class Latency:
    """How long one inference takes, in milliseconds.

    Args:
        p50: the median of the windows' medians.
        p90: of all runs; None with fewer than `P90_RUNS` samples.
        p99: of all runs; None with fewer than `P99_RUNS` samples.
        mean: of all runs.
        least: of all runs.
        runs: how many.
        intervals: of "p50", "p90" and "p99", as far as they are there.
    """

    p50: float
    p90: Optional[float]
    p99: Optional[float]
    mean: float
    least: float
    runs: int
    intervals: dict[str, Interval] = field(default_factory=dict)


def summarize(windows: Sequence[np.ndarray], runs: Optional[int] = None) -> Latency:
    """Percentiles of measured times.

    Args:
        windows: for each window the times of single inferences, in milliseconds, float64 [samples]; none is empty.
        runs: how many inferences were made, where not all times were kept.
    """
    times = np.sort(np.concatenate(windows))
    shown = {"p50": float(np.median([np.median(window) for window in windows]))}
    for name, share, fewest in (("p90", 0.9, P90_RUNS), ("p99", 0.99, P99_RUNS)):
        if len(times) >= fewest:
            shown[name] = float(np.percentile(times, 100 * share))
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    fewest_runs = {"p50": 1, "p90": P90_RUNS, "p99": P99_RUNS}
    return Latency(
        p50=shown["p50"],
        p90=shown.get("p90"),
        p99=shown.get("p99"),
        mean=float(times.mean()),
        least=float(times[0]),
        runs=len(times) if runs is None else runs,
        intervals={
            name: _spanning(value, times, windows, shares[name], fewest_runs[name]) for name, value in shown.items()
        },
    )


def order_interval(count: int, share: float, confidence: float = CONFIDENCE) -> tuple[int, int, float]:
    """Which two of the sorted samples a quantile lies between.

    Args:
        count: number of independent samples, 1 or more.
        share: of the quantile, between 0 and 1.
        confidence: that is wished for; fewer samples than that takes give lowest and highest, and less confidence.

    Returns:
        places of the lower and the higher sample, from 0, and the exact confidence.
    """
    first, masses = _binomial(count, share)
    below = np.concatenate([[0.0], np.cumsum(masses)])  # of "fewer than first + place samples lie below the quantile"
    tail = (1 - confidence) / 2
    low = first + int(np.searchsorted(below, tail, side="right")) - 1
    high = first + int(np.searchsorted(below, 1 - tail, side="left"))
    low, high = max(low, 1), min(high, count)  # 1 is the smallest sample
    held = below[min(high - first, len(masses))] - below[min(max(low - first, 0), len(masses))]
    return low - 1, high - 1, float(held)


def _binomial(count: int, share: float) -> tuple[int, np.ndarray]:
    """Probabilities of the numbers of successes that matter, and the first of these numbers.

    What lies more than twelve standard deviations off the mean has no weight in a double.
    """
    mean, deviation = count * share, math.sqrt(count * share * (1 - share))
    first, last = max(0, int(mean - 12 * deviation - 20)), min(count, int(mean + 12 * deviation + 20))
    successes = np.arange(first, last, dtype=np.float64)
    steps = np.log((count - successes) / (successes + 1) * (share / (1 - share)))
    logarithms = np.concatenate([[0.0], np.cumsum(steps)])
    masses = np.exp(logarithms - logarithms.max())
    return first, masses / masses.sum()


def _spanning(
    value: float, times: np.ndarray, windows: Sequence[np.ndarray], share: float, fewest_runs: int
) -> Interval:
    lowest, highest, confidence = order_interval(len(times), share)
    low, high = float(times[lowest]), float(times[highest])
    if len(windows) >= FEWEST_WINDOWS and min(map(len, windows)) >= fewest_runs:
        each = sorted(float(np.percentile(window, 100 * share)) for window in windows)
        lowest, highest, between = order_interval(len(each), 0.5)
        low, high, confidence = min(low, each[lowest]), max(high, each[highest]), min(confidence, between)
    return Interval(min(low, value), max(high, value), confidence)
