"""Where to cut off a histogram's tails, so that few integer steps serve what lies between them best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .histogram import Histogram

STEPS = 255
"""Steps of an int8 range: litert-quantizer spreads low to high over -128 to 127."""

_COARSE = np.exp2(-np.arange(0, 33) / 4)
"""Factors tried on an end of the range: down to 1/256. Errors are flat around their minimum, so that a quarter of an
octave finds it."""

_FINE = np.exp2(np.arange(3, -4, -1) / 16)

# TensorRT's figures: 128 integers for magnitudes, on a histogram of 2048 linear bins
# (Migacz, "8-bit inference with TensorRT", GTC 2017).
_LEVELS = 128
_BINS_PER_LEVEL = 16
_CANDIDATES = 120


@dataclass(frozen=True, eq=False)
class Spread:
    """Values taken as spread evenly within intervals.

    Args:
        left: float64 [n]: lower ends; ascending.
        right: upper ends; equal to the lower where all is one value.
        weight: share of the values in each.
    """

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray


def spread(histogram: Histogram, low: float, high: float) -> Spread:
    """The part of a histogram between two values; weights are shares of that part."""
    left, right = histogram.edges()
    kept = (right >= low) & (left <= high)
    if not kept.any():
        return Spread(np.array([low]), np.array([high]), np.array([1.0]))
    weight = histogram.counts[kept].astype(np.float64)
    return Spread(np.clip(left[kept], low, high), np.clip(right[kept], low, high), weight / weight.sum())


def rounding_error(values: Spread, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Expected squared error of values rounded to, and cut off at, the integers of a range.

    Args:
        values: what is rounded.
        low: float64 [k]: lower ends of ranges, at most 0; moved to the nearest step, as zero is always an integer.
        high: upper ends, at least 0.

    Returns:
        float64 [k].
    """
    step = np.maximum((high - low) / STEPS, np.finfo(np.float64).tiny)[:, None]
    floor = np.rint(low[:, None] / step) * step
    ceiling = floor + STEPS * step
    left, right = values.left[None], values.right[None]
    inside = _integral(np.clip(right, floor, ceiling), step) - _integral(np.clip(left, floor, ceiling), step)
    above = np.maximum(right - ceiling, 0) ** 3 - np.maximum(left - ceiling, 0) ** 3
    below = np.maximum(floor - left, 0) ** 3 - np.maximum(floor - right, 0) ** 3
    width = right - left
    spread_out = (inside + (above + below) / 3) / np.where(width > 0, width, 1)
    one_value = (left - np.clip(np.rint(left / step) * step, floor, ceiling)) ** 2
    return np.asarray(np.where(width > 0, spread_out, one_value) @ values.weight)


def _integral(to: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Squared distance to the nearest multiple of the step, integrated from 0."""
    nearest = np.rint(to / step)
    return np.asarray(nearest * step**3 / 12 + (to - nearest * step) ** 3 / 3)


def least_error(values: Spread, low: float, high: float, *, symmetric: bool = False) -> tuple[float, float]:
    """The range within [low, high] whose integers have the least expected squared error.

    Both ends move, together and each alone, in steps of a quarter and then of a sixteenth of an octave; a range that
    begins or ends at zero keeps that end.

    Args:
        values: all of them within [low, high].
        low: lowest value allowed, at most 0.
        high: highest value allowed, at least 0.
        symmetric: whether the ends must be each other's negatives.
    """
    if symmetric:
        bound = max(-low, high)
        low, high = -bound, bound
    best = (low, high)
    moves = _MOVES[:1] if symmetric or low == 0 or high == 0 else _MOVES
    for factors in (_COARSE, _COARSE, _FINE, _FINE):
        for move in moves:
            lows, highs = move(best, factors)
            lows, highs = np.maximum(lows, low), np.minimum(highs, high)
            place = int(np.argmin(rounding_error(values, lows, highs)))
            best = (float(lows[place]), float(highs[place]))
    return best


_Ends = tuple[np.ndarray, np.ndarray]
_MOVES: tuple[Callable[[tuple[float, float], np.ndarray], _Ends], ...] = (
    lambda ends, factors: (ends[0] * factors, ends[1] * factors),
    lambda ends, factors: (np.full_like(factors, ends[0]), ends[1] * factors),
    lambda ends, factors: (ends[0] * factors, np.full_like(factors, ends[1])),
)


def least_divergence(values: Spread, low: float, high: float) -> tuple[float, float]:
    """The range whose integers keep the most of the distribution: the entropy calibration of TensorRT.

    A threshold on magnitudes is chosen so that the distribution of what lies below it, the rest gathered in its last
    bin, has the least Kullback-Leibler divergence from the same distribution after rounding. Zeros are left out, as
    they are exact in any case. A range of one sign has twice the integers on its side.

    Args:
        values: all of them within [low, high].
        low: lowest value, at most 0.
        high: highest value, at least 0.
    """
    levels = _LEVELS if low < 0 < high else 2 * _LEVELS
    reach = max(-low, high)
    bins = levels * _BINS_PER_LEVEL
    shares = _magnitude_shares(values, np.linspace(0, reach, bins + 1))
    if not shares.any():
        return low, high
    candidates = np.unique(np.linspace(levels, bins, _CANDIDATES).astype(int))
    divergences = [_divergence(shares, int(kept), levels) for kept in candidates]
    threshold = reach * float(candidates[int(np.argmin(divergences))] / bins)
    return max(low, -threshold), min(high, threshold)


def _magnitude_shares(values: Spread, edges: np.ndarray) -> np.ndarray:
    """Shares of the magnitudes between the edges; zeros are left out."""
    result = np.zeros(len(edges) - 1)
    for left, right in ((values.left, values.right), (-values.right, -values.left)):
        present = right > 0
        order = np.argsort(left[present], kind="stable")
        # A single value is given a width, so that the distribution function has no jump.
        starts = left[present][order]
        ends = np.maximum(right[present][order], np.nextafter(starts, np.inf))
        below = np.concatenate([[0.0], np.cumsum(values.weight[present][order])])
        knots = np.stack([starts, ends], axis=1).reshape(-1)
        heights = np.stack([below[:-1], below[1:]], axis=1).reshape(-1)
        if len(knots):
            result += np.diff(np.interp(edges, knots, heights, left=0.0))
    return result


def _divergence(shares: np.ndarray, kept: int, levels: int) -> float:
    """Kullback-Leibler divergence of the first bins, with the tail in the last, from their rounding to levels."""
    wanted = shares[:kept].copy()
    level = np.arange(kept) * levels // kept
    present = wanted > 0
    level_shares = np.bincount(level, weights=wanted, minlength=levels)
    level_bins = np.bincount(level, weights=present, minlength=levels)
    rounded = np.where(present, (level_shares / np.maximum(level_bins, 1))[level], 0.0)
    wanted[-1] += shares[kept:].sum()
    if not rounded.sum():
        return np.inf
    wanted, rounded = wanted / wanted.sum(), rounded / rounded.sum()
    both = (wanted > 0) & (rounded > 0)
    lost = wanted[~both].sum()
    # What rounding leaves no room for at all would be infinitely far; it counts by its share, as if smoothed.
    return float((wanted[both] * np.log(wanted[both] / rounded[both])).sum() + lost * np.log(kept))
