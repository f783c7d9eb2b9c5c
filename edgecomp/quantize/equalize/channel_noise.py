"""What int8 rounding costs in a group of channels, predicted from weights and observed ranges.

Rounding errors are taken as independent and uniform over a step: variance step^2 / 12 (Widrow & Kollar, "Quantization
Noise", 2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...tflite import TfliteModel
from .channel_extents import Extent
from .channel_gains import ChannelGains
from .channel_groups import COPYING, ChannelGroup

WEIGHT_STEPS = 127


@dataclass(frozen=True)
class GroupNoise:
    """What the rounding of a group's tensors and of its consumers' weights costs.

    Args:
        rounded: extent and gain of each tensor of the group that is rounded to int8.
        dense: of each consumer that sums over channels its largest weights [out, channels], the gain of its output
            [out], how many weights there are per channel, and the extent of what it reads.
        separate: cost of depthwise consumers' weights, which no scale changes.
    """

    rounded: tuple[tuple[Extent, np.ndarray], ...]
    dense: tuple[tuple[np.ndarray, np.ndarray, float, Extent], ...]
    separate: float

    def cost(self, factors: np.ndarray, shifts: np.ndarray) -> float:
        """Predicted cost once every channel x has become `factors * (x - shifts)`, both float64 [channels]."""
        total = self.separate
        for one, gain in self.rounded:
            step = one.changed(factors, shifts).step()
            total += step**2 / 12 * float(np.sum(gain / factors**2))
        for peak, gain, taps, one in self.dense:
            steps = (peak * (1 / factors).astype(np.float32)).max(axis=1).astype(np.float64) / WEIGHT_STEPS
            power = float(np.sum(one.changed(factors, shifts).power))
            total += taps * power * float(np.sum(gain * steps**2)) / 12
        return total


def group_noise(
    model: TfliteModel,
    group: ChannelGroup,
    gains: ChannelGains,
    extents: Mapping[int, Extent],
) -> GroupNoise:
    """Gathers what `GroupNoise.cost` needs.

    Args:
        model: the float file.
        group: one of its groups.
        gains: as `channel_gains` gives them.
        extents: of each of the group's tensors, folded to the group's channels.
    """
    copies = {one.outputs[0] for one in group.links if one.name in COPYING}
    rounded = []
    for index in group.tensors:
        if index not in copies and index in gains.activations:
            gain = gains.activations[index].reshape(-1, group.channels).sum(axis=0)
            rounded.append((extents[index], np.where(extents[index].width > 0, gain, 0.0)))  # zeros are exact
    dense, separate = [], 0.0
    for one in group.consumers:
        gain = gains.weights.get(one.output, np.zeros(one.channels_out))
        seen = extents[one.data]
        if one.depthwise:
            steps = np.abs(one.values).max(axis=0).astype(np.float64) / WEIGHT_STEPS
            power = np.repeat(np.tile(seen.power, one.channels_in // group.channels), one.multiplier)
            separate += one.taps * float(np.sum(gain * steps**2 * power)) / 12
        else:
            peak = np.abs(one.values).reshape(one.channels_out, -1, group.channels).max(axis=1)
            repeats = one.taps * one.density * (one.channels_in // group.channels)
            dense.append((peak, gain, repeats, seen))
    return GroupNoise(tuple(rounded), tuple(dense), separate)
