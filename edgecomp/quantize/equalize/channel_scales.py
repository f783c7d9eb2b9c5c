"""How far to rescale and shift the channels of one group.

The idea of cross-layer equalization (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
Correction", 2019) with ranges of activations in place of weights, and traded against the weights of the next layer as
in SmoothQuant (Xiao et al., 2022): there by a fixed exponent, here by the exponents of least predicted noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .channel_extents import Extent
from .channel_groups import ChannelGroup
from .channel_noise import GroupNoise
from .plan import Exactness

# Of the channels' widths and of their weights; together at most 1, which undoes any scale between two layers.
EXPONENTS = tuple((width / 4, weight / 4) for width in range(5) for weight in range(5 - width))
CLAMP_MARGIN = 1.05
"""A clamped channel keeps its scale if 5% more than was observed could reach the clamp."""

SHIFT_MARGIN = 0.1
"""A channel behind a ReLU is shifted to where its lowest observed value is a tenth of its width above zero."""

NEEDLESS_SHARE = 0.05
"""Channels are not widened any further once what remains to be gained there is this share of the group's noise: values
beyond the observed ones keep their room."""

LARGEST_UNSEEN = 1024.0
"""Factor beyond which a channel that was always zero is not moved."""

_SHIFTABLE = frozenset({"RELU", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"})


@dataclass(frozen=True)
class Choice:
    """Of one group: float64 [channels] each; a gain in dB."""

    factors: np.ndarray
    shifts: np.ndarray
    exactness: Exactness
    gain_db: float


def choose(group: ChannelGroup, extents: Mapping[int, Extent], noise: GroupNoise) -> Choice:
    """The factors and shifts of least predicted noise; all 1 and 0 where nothing is better.

    Factors widen narrow channels up to the width of the widest and never change the tensor's range. Across a clamp
    (ReLU6) scales do not commute, since relu6(s * x) = s * min(relu(x), 6 / s): channels that reach it, or nearly do,
    keep their scale, and the others stay below it as far as was observed, with a margin.

    Args:
        group: the group.
        extents: of each of its tensors, folded to the group's channels.
        noise: its predicted noise.
    """
    keep, none = np.ones(group.channels), np.zeros(group.channels)
    before = noise.cost(keep, none)
    best, least = (keep, none), before
    for shifts in _shifts(group, extents):
        moved = {index: one.changed(keep, shifts) for index, one in extents.items()}
        for factors in _factors(group, moved, noise):
            cost = noise.cost(factors, shifts)
            if cost < least * (1 - 1e-9):
                best, least = (factors, shifts), cost
    gain_db = 10 * float(np.log10(before / least)) if least > 0 and before > 0 else 0.0
    return Choice(*best, _exactness(group, *best), gain_db)


def _exactness(group: ChannelGroup, factors: np.ndarray, shifts: np.ndarray) -> Exactness:
    clamped = bool(group.bounds) and bool(np.any(factors != 1))
    cut = bool(np.any(shifts)) and not _is_linear(group)
    return "exact on observed ranges" if clamped or cut else "exact"


def _is_linear(group: ChannelGroup) -> bool:
    fused = any(one.fused_activation for one in group.producers)
    return not fused and not group.bounds and not any(one.name == "RELU" for one in group.links)


def _shifts(group: ChannelGroup, extents: Mapping[int, Extent]) -> list[np.ndarray]:
    """Shifts worth a try (high-bias absorption, section 4.1.3 of the paper): none, and each channel towards zero.

    Sums at a padded border lack some of the inputs, so that the next layer's bias could not make up for a shift there.
    """
    none = np.zeros(group.channels)
    biased = (*group.producers, *group.consumers)
    if (
        len(group.producers) != 1
        or not all(one.own_bias for one in biased)
        or any(one.pads for one in group.consumers)
        or any(one.name not in _SHIFTABLE or _is_clamping(one.options) for one in group.links)
    ):
        return [none]
    low = np.min([one.low for one in extents.values()], axis=0)
    high = np.max([one.high for one in extents.values()], axis=0)
    if _is_linear(group):
        return [none, (low + high) / 2]
    above = np.maximum(low - SHIFT_MARGIN * (high - low), 0.0)
    above[_reaching(group, extents)] = 0.0
    return [none, above] if above.any() else [none]


def _is_clamping(options: Mapping[str, float | int | bool]) -> bool:
    return bool(options.get("fusedActivationFunction", 0))


def _factors(group: ChannelGroup, extents: Mapping[int, Extent], noise: GroupNoise) -> list[np.ndarray]:
    """Factors worth a try: powers of the channels' widths times powers of their weights in the next layers."""
    width = np.max([one.width for one in extents.values()], axis=0)
    alive = width > 0
    if not alive.any():
        return [np.ones(group.channels)]
    relative = np.where(alive, width / width.max(), 1.0)
    weight = np.where(alive, _relative_weight(group, noise), 1.0)
    ceiling = np.minimum(_room(group, extents), _useful(width, noise))
    pinned = _reaching(group, extents) | ~alive
    tried = []
    for narrow, heavy in EXPONENTS:
        raw = relative**-narrow * weight**heavy
        raw /= (raw * relative)[alive].max()
        factors = np.where(pinned, 1.0, np.minimum(raw, ceiling))
        tried.append(factors if alive.all() else np.where(alive, factors, _out_of_the_way(factors, alive, noise)))
    return tried


def _out_of_the_way(factors: np.ndarray, alive: np.ndarray, noise: GroupNoise) -> np.ndarray:
    """Factors of channels that were always zero, so that their weights do not set the steps of the others'."""
    needed = np.ones(len(factors))
    for peak, _, _, _ in noise.dense:
        others = (peak[:, alive] / factors[alive]).max(axis=1, keepdims=True)
        over = peak[:, ~alive] / np.where(others > 0, others, np.inf)
        needed[~alive] = np.maximum(needed[~alive], over.max(axis=0))
    return np.minimum(needed, LARGEST_UNSEEN)


def _relative_weight(group: ChannelGroup, noise: GroupNoise) -> np.ndarray:
    """Each channel's largest share in any row of the next layers' weights, relative to the row's largest weight."""
    weight = np.full(group.channels, 1e-12)
    for peak, _, _, _ in noise.dense:
        rows = peak.max(axis=1, keepdims=True)
        weight = np.maximum(weight, (peak / np.where(rows > 0, rows, 1.0)).max(axis=0))
    return np.asarray(weight / weight.max())


def _useful(width: np.ndarray, noise: GroupNoise) -> np.ndarray:
    """The factor beyond which a channel's own noise is too small to matter."""
    gain = np.sum([one for _, one in noise.rounded], axis=0)
    mean = float(np.mean(gain * width**2))
    if mean <= 0:
        return np.ones(len(width))
    return np.asarray(np.maximum(width.max() * np.sqrt(gain / (NEEDLESS_SHARE * mean)), 1.0))


def _room(group: ChannelGroup, extents: Mapping[int, Extent]) -> np.ndarray:
    """The factor at which a channel would reach a clamp, with the margin."""
    room = np.full(group.channels, np.inf)
    with np.errstate(divide="ignore"):
        for index, (lowest, highest) in group.bounds:
            high, low = np.maximum(extents[index].high, 0.0), np.maximum(-extents[index].low, 0.0)
            room = np.minimum(room, highest / (CLAMP_MARGIN * high))
            if lowest < 0:
                room = np.minimum(room, -lowest / (CLAMP_MARGIN * low))
    return room


def _reaching(group: ChannelGroup, extents: Mapping[int, Extent]) -> np.ndarray:
    """Channels that reach a clamp, or nearly do."""
    return np.asarray(_room(group, extents) <= 1)
