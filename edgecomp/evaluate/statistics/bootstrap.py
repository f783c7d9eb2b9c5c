"""Intervals for figures that have no formula: drawing samples again (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 1000
FEWEST_RESAMPLES = 100
MOST_DRAWN = 2_000_000
"""Samples drawn in all; beyond it there are fewer resamples, so that a large set does not take minutes."""

Figure = Callable[[np.ndarray], float | None]
"""A figure from the positions of the samples that it is to count, int64 [n]; None where it is not defined on them."""


def bootstrap_interval(figure: Figure, n: int, *, seed: int = 0) -> tuple[float, float] | None:
    """Where a figure most likely lies (95%, percentile method).

    Args:
        figure: what is measured.
        n: samples.
        seed: of the drawing.

    Returns:
        None where there are fewer than two samples, or where most resamples leave the figure undefined.
    """
    if n < 2:
        return None
    rng = np.random.default_rng(seed)
    times = int(np.clip(MOST_DRAWN // n, FEWEST_RESAMPLES, RESAMPLES))
    drawn = (figure(rng.integers(0, n, n)) for _ in range(times))
    values = [one for one in drawn if one is not None]
    if len(values) < times / 2:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
