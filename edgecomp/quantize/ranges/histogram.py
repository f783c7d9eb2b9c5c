"""Histograms of float32 values whose bins never have to be chosen.

A bin is the top 13 bits of a number's pattern: sign, exponent and four bits of mantissa. Bins are therefore as wide as
a sixteenth of the power of two below them, wherever the values lie, so that one pass over the data does, the order of
the data does not matter, and two histograms merge exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError

PATTERNS = 8192
"""Number of bins, counted by bit pattern: negative numbers behind the positive ones."""

_DROPPED_BITS = 19
_SIGN = PATTERNS // 2
_EXPONENT_ONES = 0xFF << 4
"""Patterns from here to the end of their sign are infinities and NaNs."""


def count_patterns(values: np.ndarray) -> np.ndarray:
    """Counts float32 values by the top bits of their pattern.

    Args:
        values: float32, any shape.

    Returns:
        int64 [PATTERNS], for `Histogram.from_patterns`; such counts add up.
    """
    patterns = np.ascontiguousarray(values, np.float32).reshape(-1).view(np.uint32) >> _DROPPED_BITS
    return np.bincount(patterns, minlength=PATTERNS)


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often values fell into each bin that is not empty.

    Bin i > 0 holds the values in [edge(i), edge(i + 1)), bin -i their negatives, and bin 0 zero itself, with which go
    -0.0 and what is closer to zero than 7.4e-40.

    Args:
        bins: int16 [n], ascending, which is also the order of the values.
        counts: int64 [n], all above 0.
    """

    bins: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Histogram:
        """The histogram of float32 values of any shape.

        Raises:
            InputError: a value is NaN or infinite.
        """
        return cls.from_patterns(count_patterns(values))

    @classmethod
    def from_patterns(cls, counts: np.ndarray) -> Histogram:
        """The histogram of what `count_patterns` counted.

        Raises:
            InputError: a value was NaN or infinite.
        """
        positive, negative = counts[:_SIGN], counts[_SIGN:]
        if positive[_EXPONENT_ONES:].any() or negative[_EXPONENT_ONES:].any():
            raise InputError("a histogram cannot hold NaN or infinite values; remove them from the samples")
        ordered = np.concatenate([negative[:0:-1], positive])
        ordered[_SIGN - 1] += negative[0]
        present = np.flatnonzero(ordered)
        return cls((present - (_SIGN - 1)).astype(np.int16), ordered[present].astype(np.int64))

    def merge(self, other: Histogram) -> Histogram:
        """The histogram of both sets of values."""
        bins, place = np.unique(np.concatenate([self.bins, other.bins]), return_inverse=True)
        counts = np.zeros(len(bins), np.int64)
        np.add.at(counts, place, np.concatenate([self.counts, other.counts]))
        return Histogram(bins, counts)

    @property
    def total(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the bins: float64 [n] each, both 0 for the bin of zero."""
        magnitude = np.abs(self.bins.astype(np.int64))
        inner, outer = _edge(magnitude), np.where(magnitude == 0, 0.0, _edge(magnitude + 1))
        negative = self.bins < 0
        return np.where(negative, -outer, inner), np.where(negative, -inner, outer)

    def quantile(self, share: float) -> float:
        """The value that `share` of the values lie below, interpolated inside its bin.

        Args:
            share: 0 to 1.

        Raises:
            InputError: the histogram is empty, or the share lies outside.
        """
        if not len(self.bins) or not 0 <= share <= 1:
            raise InputError(f"the share {share} of {self.total} values has no quantile")
        below = np.cumsum(self.counts)
        wanted = share * below[-1]
        place = min(int(np.searchsorted(below, wanted)), len(below) - 1)
        low, high = (float(edge[place]) for edge in self.edges())
        inside = 1 - (below[place] - wanted) / self.counts[place]
        return low + (high - low) * float(np.clip(inside, 0, 1))


EMPTY = Histogram(np.zeros(0, np.int16), np.zeros(0, np.int64))


def _edge(magnitude: np.ndarray) -> np.ndarray:
    """The smallest number of each bin of positive numbers: float64; 2^128 for the first that is none."""
    edges = (magnitude.astype(np.uint32) << _DROPPED_BITS).view(np.float32).astype(np.float64)
    return np.minimum(edges, 2.0**128)
