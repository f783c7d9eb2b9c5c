"""What a step of an optimizer should mean: the unit that each weight and each bias is counted in."""

from __future__ import annotations

import numpy as np

from .steps import QatPlan, Weights

_LEAST = 1e-3
"""Of a channel's unit, as a share of the largest of its tensor: channels that are all but dead must be able to move."""


def units_of(plan: QatPlan) -> dict[int, np.ndarray]:
    """The units of all tensors that are trained, by index: float32 that broadcasts with the tensor.

    A weight's unit is the size of its output channel times that of its input channel, a bias's the size of its channel
    in the same proportion to the layer's biases.
    """
    units: dict[int, np.ndarray] = {}
    for step in plan.steps:
        for operand in step.operands:
            if isinstance(operand, Weights):
                values = plan.network.main.tensors[operand.tensor].values()
                units[operand.tensor] = _of_weights(values, operand.axis)
                if operand.bias is not None:
                    bias = plan.network.main.tensors[operand.bias].values()
                    units[operand.bias] = _of_bias(bias, values, operand.axis)
    return units


def _of_weights(values: np.ndarray, axis: int | None) -> np.ndarray:
    """Rank one in output and input channels: exact where all that differs between weights is scales of channels."""
    outputs = _sizes(values, values.ndim - 1 if axis is None else axis)
    if axis != 0:  # depthwise: a channel's weights are its own
        return outputs
    inputs = _sizes(values, values.ndim - 1)
    units: np.ndarray = outputs * (inputs / outputs.max())
    return units


def _of_bias(bias: np.ndarray, values: np.ndarray, axis: int | None) -> np.ndarray:
    sizes = _sizes(values, values.ndim - 1 if axis is None else axis).reshape(-1)
    sizes = sizes if sizes.size == bias.size else np.full(bias.size, sizes.mean())
    ratio = float(np.mean(np.abs(bias) / sizes)) or 1.0
    return (sizes * ratio).astype(np.float32)


def _sizes(values: np.ndarray, axis: int) -> np.ndarray:
    """The largest weight along an axis, at least a little."""
    others = tuple(one for one in range(values.ndim) if one != axis)
    largest = np.abs(values).max(axis=others, keepdims=True, initial=0)
    sizes: np.ndarray = np.maximum(largest, _LEAST * (float(largest.max(initial=0)) or 1.0)).astype(np.float32)
    return sizes
