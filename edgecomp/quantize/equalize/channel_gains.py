"""What noise in a channel costs, predicted from the weights behind it.

Costs count the noise power that reaches the next point where the network is not linear in its channels (its outputs
among them), relative to the power there, so that a cost does not change when channels are rescaled within the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from ...tflite import Operator, Tensor, TfliteModel
from ..ranges.observe import Observation
from .channel_extents import mean_square
from .channel_groups import COPYING, FLAT_ORDER
from .rescalable import RescalableOperator

_PASSING = COPYING | {
    "RELU",
    "RELU6",
    "RELU_N1_TO_1",
    "RELU_0_TO_1",
    "LEAKY_RELU",
    "PRELU",
    "RESIZE_BILINEAR",
}
_AVERAGING = frozenset({"MEAN", "AVERAGE_POOL_2D"})


@dataclass(frozen=True)
class ChannelGains:
    """What noise of power 1 in every element of a channel costs: float64 [channels] by tensor index.

    Args:
        activations: of noise that is independent from place to place, as that of rounded activations is.
        weights: of noise that is alike everywhere, as that of rounded weights is: no mean over space reduces it.
    """

    activations: Mapping[int, np.ndarray]
    weights: Mapping[int, np.ndarray]


def channel_gains(
    model: TfliteModel, rescalable: Mapping[int, RescalableOperator], observations: Mapping[str, Observation]
) -> ChannelGains:
    """Follows noise through the main graph, from its ends backwards.

    Sums of products add up the power of independent errors; a ReLU is taken to let all of it pass.

    Args:
        model: a float file.
        rescalable: its operators, as `rescalable_operators` gives them.
        observations: of its tensors.
    """
    return ChannelGains(
        activations=_gains(model, rescalable, observations, averages_out=True),
        weights=_gains(model, rescalable, observations, averages_out=False),
    )


def _gains(
    model: TfliteModel,
    rescalable: Mapping[int, RescalableOperator],
    observations: Mapping[str, Observation],
    *,
    averages_out: bool,
) -> dict[int, np.ndarray]:
    """By tensor index; `averages_out` says whether a mean over space reduces the noise."""
    ends = _Ends(model, observations)
    gains: dict[int, np.ndarray] = {}

    def add(index: int, gain: np.ndarray) -> None:
        gains[index] = gains[index] + gain if index in gains else gain

    for index in model.main.outputs:
        add(index, ends.gain(index))
    for operator in reversed(model.main.operators):
        if operator.index in rescalable:
            one = rescalable[operator.index]
            add(one.data, one.backward_gain(gains.get(one.output, np.zeros(one.channels_out))))
            continue
        output = gains.get(operator.outputs[0]) if operator.outputs else None
        for index in operator.inputs:
            if index >= 0 and model.main.tensors[index].dtype == "float32":
                passed = None if output is None else _passed_back(model, operator, index, output, averages_out)
                add(index, ends.gain(index) if passed is None else passed)
    return gains


@dataclass(frozen=True)
class _Ends:
    """Gains of tensors in which noise is not followed any further: there it counts by the power of the whole."""

    model: TfliteModel
    observations: Mapping[str, Observation]

    def gain(self, index: int) -> np.ndarray:
        tensor = self.model.main.tensors[index]
        channels = tensor.shape[-1] if tensor.shape else 1
        seen = self.observations.get(tensor.name)
        power = 0.0 if seen is None else channels * mean_square(seen)
        return np.full(channels, 1 / power if power > 0 else 0.0)


def _passed_back(
    model: TfliteModel, operator: Operator, index: int, gain: np.ndarray, averages_out: bool
) -> np.ndarray | None:
    """Gain of one input, given that of the output; None where it is not followed."""
    tensors = model.main.tensors
    source, output = tensors[index], tensors[operator.outputs[0]]
    channels = source.shape[-1] if source.shape else 1
    if operator.name in FLAT_ORDER:
        return _refolded(gain, channels)
    if operator.name in ("ADD", "SUB", "MUL") and source.shape == output.shape:
        return gain  # gates of a MUL are near 1
    if source.shape[-1:] != output.shape[-1:]:
        return None
    if operator.name in _PASSING and index == operator.inputs[0]:
        return gain
    if operator.name in _AVERAGING and index == operator.inputs[0]:
        return gain / _averaged(operator, source, output) if averages_out else gain
    return None


def _averaged(operator: Operator, source: Tensor, output: Tensor) -> float:
    """Values that one output is the mean of."""
    if operator.name == "AVERAGE_POOL_2D":
        return float(operator.options["filterHeight"]) * float(operator.options["filterWidth"])
    return prod(source.shape) / max(1, prod(output.shape))


def _refolded(gain: np.ndarray, channels: int) -> np.ndarray | None:
    """Gain of a tensor of `channels` with the same values in the same order."""
    if len(gain) % channels == 0:
        return np.asarray(gain.reshape(-1, channels).sum(axis=0))
    if channels % len(gain) == 0:
        repeats = channels // len(gain)
        return np.tile(gain, repeats) / repeats
    return None
