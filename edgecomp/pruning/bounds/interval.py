"""Intervals of channels and the arithmetic on them; knows nothing of Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Bounds:
    """Between which values a tensor's channels (the indices of its last axis) lie, at every position.

    Args:
        low: float64 [channels], perhaps -inf.
        high: float64 [channels], perhaps inf. Where it equals `low`, the channel is constant.
    """

    low: np.ndarray
    high: np.ndarray

    @property
    def size(self) -> int:
        """How many channels; 1 where the tensor's last axis has no known size."""
        return int(self.low.size)

    @property
    def constant(self) -> np.ndarray:
        """bool [channels]: which channels have one value only."""
        result: np.ndarray = self.low == self.high
        return result


def unbounded(channels: int) -> Bounds:
    """Bounds that say nothing."""
    return Bounds(np.full(channels, -np.inf), np.full(channels, np.inf))


def point(values: np.ndarray) -> Bounds:
    """Channels that have one known value each; `values` [channels]."""
    exact = np.asarray(values, np.float64)
    return Bounds(exact, exact)


def between(low: float, high: float, channels: int) -> Bounds:
    """The same bounds for all channels."""
    return Bounds(np.full(channels, float(low)), np.full(channels, float(high)))


def hull(parts: Sequence[Bounds]) -> Bounds:
    """What holds for values that come from any of `parts`, channel by channel."""
    low = np.minimum.reduce(np.broadcast_arrays(*(one.low for one in parts)))
    high = np.maximum.reduce(np.broadcast_arrays(*(one.high for one in parts)))
    return Bounds(low, high)


def with_zero(bounds: Bounds) -> Bounds:
    """What holds where some positions are 0 instead, as in a padded border."""
    return Bounds(np.minimum(bounds.low, 0.0), np.maximum(bounds.high, 0.0))


def add(first: Bounds, second: Bounds) -> Bounds:
    """The sum."""
    return Bounds(first.low + second.low, first.high + second.high)


def negative(bounds: Bounds) -> Bounds:
    """The values with their signs turned."""
    return Bounds(-bounds.high, -bounds.low)


def multiply(first: Bounds, second: Bounds) -> Bounds:
    """The product. Unbounded values are finite nevertheless, therefore 0 times anything is 0."""
    with np.errstate(invalid="ignore"):
        corners = [a * b for a in (first.low, first.high) for b in (second.low, second.high)]
    ends = np.stack(np.broadcast_arrays(*(np.where(np.isnan(one), 0.0, one) for one in corners)))
    return Bounds(ends.min(axis=0), ends.max(axis=0))


def affine(bounds: Bounds, scale: np.ndarray, offset: np.ndarray) -> Bounds:
    """`scale * values + offset`, channel by channel."""
    return add(multiply(bounds, point(scale)), point(offset))


def reciprocal(bounds: Bounds) -> Bounds:
    """One over the values; unbounded where they may be 0."""
    apart = (bounds.low > 0) | (bounds.high < 0)
    with np.errstate(divide="ignore"):
        low, high = 1.0 / bounds.high, 1.0 / bounds.low
    return Bounds(np.where(apart, low, -np.inf), np.where(apart, high, np.inf))


@dataclass(frozen=True, eq=False)
class TapSums:
    """A kernel with its positive and its negative weights summed over its taps.

    Each tap sees another position, hence each may see another value of the channel's interval.

    Args:
        positive: float64 [inputs, outputs], at least 0.
        negative: float64 [inputs, outputs], at most 0.
        total: float64 [inputs, outputs], the sum of all.
    """

    positive: np.ndarray
    negative: np.ndarray
    total: np.ndarray


def tap_sums(kernel: np.ndarray) -> TapSums:
    """Sums a kernel [*taps, inputs, outputs]."""
    taps = tuple(range(kernel.ndim - 2))
    positive = np.maximum(kernel, 0.0).sum(axis=taps, dtype=np.float64)
    negative = np.minimum(kernel, 0.0).sum(axis=taps, dtype=np.float64)
    return TapSums(positive, negative, kernel.sum(axis=taps, dtype=np.float64))


def weighted_sum(bounds: Bounds, sums: TapSums) -> Bounds:
    """The outputs of a kernel that has all its taps on values within `bounds`."""
    finite = np.isfinite(bounds.low) & np.isfinite(bounds.high)
    # Centre and radius, so that the sum of constants has two exactly equal ends.
    low_end, high_end = np.where(finite, bounds.low, 0.0), np.where(finite, bounds.high, 0.0)
    centre = (low_end / 2 + high_end / 2) @ sums.total
    radius = (high_end / 2 - low_end / 2) @ (sums.positive - sums.negative)
    low, high = centre - radius, centre + radius
    if finite.all():
        return Bounds(low, high)
    positive, negative_sums = sums.positive[~finite], sums.negative[~finite]
    open_low, open_high = bounds.low[~finite], bounds.high[~finite]
    floor, ceiling = np.where(np.isinf(open_low), 0.0, open_low), np.where(np.isinf(open_high), 0.0, open_high)
    low = low + floor @ positive + ceiling @ negative_sums
    high = high + ceiling @ positive + floor @ negative_sums
    rises, falls = positive > 0, negative_sums < 0
    below, above = np.isinf(open_low)[:, None], np.isinf(open_high)[:, None]
    endless_low = (below & rises | above & falls).any(axis=0)
    endless_high = (above & rises | below & falls).any(axis=0)
    return Bounds(np.where(endless_low, -np.inf, low), np.where(endless_high, np.inf, high))


def weighted_each(bounds: Bounds, sums: TapSums) -> Bounds:
    """The outputs of a depthwise kernel; `sums` [channels, multiplier], outputs [channels * multiplier]."""
    ends = Bounds(bounds.low[:, None], bounds.high[:, None])
    both = add(multiply(ends, point(sums.positive)), multiply(ends, point(sums.negative)))
    return Bounds(both.low.reshape(-1), both.high.reshape(-1))
