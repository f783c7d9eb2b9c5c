"""The steps that a layer's weights are counted in.

Scales are sent as well: those of many channels take little place only where few of them differ, or where they have few
digits.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from ..mend.moments import FittedLayer
from ..mend.rounding import LARGEST
from .survey import SurveyedLayer

STEP = sqrt(6 / log(2))
"""Of a uniform quantizer, in units of the root of a bit's worth over the curvature: there the slope of the error (a
twelfth of step² times the curvature) against the entropy (a bit less for twice the step) is the bit's worth; Gish &
Pierce 1968, "Asymptotically Efficient Quantizing"."""

STEPS_AN_OCTAVE = 2
"""Sizes that steps of channels may have; the nearest is off by a fifth at most, which costs next to nothing."""

LARGEST_MULTIPLIER = 128.0
"""Of a sum of products to an output; XNNPACK's kernels take less than 256."""

LEAST = 1e-12
_DROPPED = 1 << 16
"""The 16 lowest of a float32's 23 bits of mantissa."""


def given_scale(one: FittedLayer) -> np.ndarray:
    """As the file has it, made larger by less than one part in 128 so that it has few digits: float32 [channels]."""
    assert one.layer.weights.quantization is not None
    scale = np.array(one.layer.weights.quantization.scale, np.float32)
    rounded = (scale.view(np.uint32) + np.uint32(_DROPPED - 1)) // np.uint32(_DROPPED) * np.uint32(_DROPPED)
    return np.broadcast_to(rounded.view(np.float32), one.layer.channels)


def priced_scale(one: FittedLayer, seen: SurveyedLayer, worth: float) -> np.ndarray:
    """The step that a bit's worth asks for, the same for all outputs that see the same inputs: float32 [channels].

    Outputs of small weights then take few bits, where a scale of their own would spend as many on them as on others.

    Args:
        one: the layer.
        seen: what is known of it.
        worth: error energy per position at its output that a bit of a weight is worth.
    """
    weights = one.float_weights()
    curvature = np.exp(np.log(np.maximum(seen.curvature, 1e-30)).mean(axis=1))
    step, largest = STEP * np.sqrt(worth / curvature), np.abs(weights).max(axis=(1, 2))
    quantization = one.layer.weights.quantization
    if quantization is None or not quantization.per_channel:
        step, largest = np.full_like(step, np.exp(np.log(step).mean())), np.full_like(largest, largest.max())
    middle = max(float(np.exp(np.log(step).mean())), LEAST)
    used = np.where(largest > 0, largest, middle)
    # Any smaller, and the largest weight would not fit; any larger, and all of them would be 0.
    lowest, highest = _place(used / LARGEST["int8"], middle), _place(np.minimum(used, _largest_scale(one)), middle)
    place = np.clip(np.rint(_place(step, middle)), np.ceil(lowest), np.maximum(np.floor(highest), np.ceil(lowest)))
    snapped = middle * np.exp2(place / STEPS_AN_OCTAVE)
    return np.repeat(snapped, weights.shape[1]).astype(np.float32)


def _place(steps: np.ndarray, middle: float) -> np.ndarray:
    """On the scale of the steps that there may be."""
    place: np.ndarray = STEPS_AN_OCTAVE * np.log2(np.maximum(steps, LEAST) / middle)
    return place


def _largest_scale(one: FittedLayer) -> float:
    """With which a kernel still finds its multiplier, data's times weights' over output's scale, within its bounds."""
    data, output = one.layer.data.quantization, one.layer.output.quantization
    if data is None or output is None:
        return float("inf")
    return LARGEST_MULTIPLIER * output.scale[0] / data.scale[0]
