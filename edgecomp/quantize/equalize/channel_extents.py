"""How far the channels of a tensor reach, as observed on samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...tflite import Tensor
from ..ranges.observe import Observation

ACTIVATION_STEPS = 255


@dataclass(frozen=True)
class Extent:
    """Lowest and highest value of each channel of one tensor: float64 [channels].

    `crest` is the mean of the channels' squared peaks over the mean square of all values: channels of one tensor are
    taken to be alike but for their scales.
    """

    low: np.ndarray
    high: np.ndarray
    crest: float

    @property
    def width(self) -> np.ndarray:
        """Of the range with zero in it, which every quantized range has."""
        return np.asarray(np.maximum(self.high, 0.0) - np.minimum(self.low, 0.0))

    @property
    def peak(self) -> np.ndarray:
        return np.asarray(np.maximum(np.abs(self.low), np.abs(self.high)))

    @property
    def power(self) -> np.ndarray:
        """Mean square of each channel."""
        return np.asarray(self.peak**2 / self.crest)

    def changed(self, factors: np.ndarray, shifts: np.ndarray) -> Extent:
        """Of `factors * (value - shifts)`."""
        return Extent(factors * (self.low - shifts), factors * (self.high - shifts), self.crest)

    def step(self) -> float:
        """Of the whole tensor at int8."""
        return float(np.maximum(self.high, 0.0).max() - np.minimum(self.low, 0.0).min()) / ACTIVATION_STEPS

    def folded(self, channels: int) -> Extent:
        """Of fewer channels, which repeat along the tensor's last axis."""
        low, high = self.low.reshape(-1, channels).min(axis=0), self.high.reshape(-1, channels).max(axis=0)
        return Extent(low, high, self.crest)


def extent(tensor: Tensor, observations: Mapping[str, Observation]) -> Extent | None:
    """What was observed of a tensor's channels; None where nothing fits was."""
    seen = observations.get(tensor.name)
    if seen is None or not tensor.shape:
        return None
    low, high = (np.asarray(one, np.float64) for one in (seen.channel_low, seen.channel_high))
    if not low.shape == high.shape == tensor.shape[-1:]:
        return None
    squared_peaks, power = float(np.mean(np.maximum(np.abs(low), np.abs(high)) ** 2)), mean_square(seen)
    return Extent(low, high, squared_peaks / power if power > 0 else 1.0)


def mean_square(seen: Observation) -> float:
    """Of the values of one tensor."""
    low, high = seen.histogram.edges()
    squares = (low * low + low * high + high * high) / 3  # of values spread evenly between the edges
    return float(squares @ seen.histogram.counts) / max(1, seen.histogram.total)
