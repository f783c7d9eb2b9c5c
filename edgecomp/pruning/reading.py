"""How layers read their input channels: what a constant channel adds to each output, and which ones nobody heeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .bounds.site import weights_of
from .bounds.windows import reads_padding
from .calls import Call

_INT8_STEPS = 127
_MARGIN = 1e-6  # scales are float32


@dataclass(frozen=True, eq=False)
class Reading:
    """How a dense layer or a convolution reads its input.

    Args:
        gain: float [inputs, outputs]: the sum of the weights over the kernel's taps, which is what a channel that is
            1 everywhere adds to an output; None where borders (or strides) make that differ from place to place.
        unread: bool [inputs]: the channels whose weights are all 0.
        unread_in_int8: bool [inputs]: those whose weights all round to 0 in int8, with one scale for each output.
    """

    gain: np.ndarray | None
    unread: np.ndarray
    unread_in_int8: np.ndarray


def reading_of(call: Call) -> Reading | None:
    """How a call reads its channels; None for other layers than dense ones and convolutions."""
    layer, shape = call.operation, tuple(call.inputs[0].shape)
    wrapped = type(layer).__name__ == "TimeDistributed"
    if wrapped:
        layer, shape = layer.layer, (shape[0], *shape[2:])
    kernel = _kernel(layer)
    if kernel is None or getattr(layer, "quantization_mode", None) is not None:
        return None
    taps = tuple(range(kernel.ndim - 2))
    even = not wrapped and _is_even(layer, shape)
    gain = kernel.sum(axis=taps, dtype=np.float64) if taps else kernel
    return Reading(gain if even else None, _all_zero(kernel), _zero_in_int8(layer, kernel))


def _all_zero(kernel: np.ndarray) -> np.ndarray:
    """bool [inputs], of a kernel [*taps, inputs, outputs]."""
    result: np.ndarray = np.equal(_largest(kernel).max(axis=1), 0)
    return result


def _zero_in_int8(layer: Any, kernel: np.ndarray) -> np.ndarray:
    if not hasattr(layer, "pointwise_kernel"):
        return _rounds_to_zero(kernel)
    # A separable convolution becomes two operators, each with scales of its own.
    pointwise = _rounds_to_zero(weights_of(layer.pointwise_kernel))
    result: np.ndarray = np.logical_and.reduce(pointwise.reshape(kernel.shape[-2], -1), axis=1)
    return result


def _rounds_to_zero(kernel: np.ndarray) -> np.ndarray:
    largest = _largest(kernel)
    half_step = largest.max(axis=0) / _INT8_STEPS / 2
    small = (largest < half_step * (1 - _MARGIN)) | (half_step == 0)
    result: np.ndarray = np.logical_and.reduce(small, axis=1)
    return result


def _largest(kernel: np.ndarray) -> np.ndarray:
    """The largest magnitude over the taps: [inputs, outputs]."""
    result: np.ndarray = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 2)))
    return result


def _kernel(layer: Any) -> np.ndarray | None:
    """Float [*taps, inputs, outputs], that of a grouped convolution with zeros between the groups."""
    kind = type(layer).__name__
    if kind in ("Conv1D", "Conv2D", "Conv3D"):
        return _ungrouped(weights_of(layer.kernel), layer.groups)
    if kind in ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"):
        return np.swapaxes(weights_of(layer.kernel), -1, -2)
    if kind in ("SeparableConv1D", "SeparableConv2D"):
        return _joined(weights_of(layer.depthwise_kernel), weights_of(layer.pointwise_kernel))
    return weights_of(layer.kernel) if kind == "Dense" else None


def _ungrouped(kernel: np.ndarray, groups: int) -> np.ndarray:
    if groups == 1:
        return kernel
    parts = np.split(kernel, groups, axis=-1)
    inputs, outputs = parts[0].shape[-2:]
    whole = np.zeros((*kernel.shape[:-2], groups * inputs, groups * outputs))
    for group, part in enumerate(parts):
        whole[..., group * inputs : (group + 1) * inputs, group * outputs : (group + 1) * outputs] = part
    return whole


def _joined(depthwise: np.ndarray, pointwise: np.ndarray) -> np.ndarray:
    """The one kernel that a depthwise one [*taps, in, multiplier] and a 1x1 one after it amount to."""
    inputs, multiplier = depthwise.shape[-2:]
    joined: np.ndarray = np.einsum(
        "...im,imo->...io", depthwise.astype(np.float64), pointwise.reshape(inputs, multiplier, -1)
    )
    return joined


def _is_even(layer: Any, input_shape: tuple[int | None, ...]) -> bool:
    """Whether a constant input gives a constant output."""
    if type(layer).__name__ == "Dense":
        return True
    if type(layer).__name__.endswith("Transpose"):
        return all(one == 1 for one in (*layer.kernel_size, *layer.strides))
    return not reads_padding(layer, input_shape)


def outputs_without_weights(layer: Any) -> np.ndarray | None:
    """bool [outputs]: which outputs of a convolution (also depthwise) or dense layer have no weights but 0."""
    kind = type(layer).__name__
    if kind.startswith("Depthwise"):
        largest = _largest(weights_of(layer.kernel)).reshape(-1)
    else:
        kernel = _kernel(layer)
        if kernel is None:
            return None
        largest = _largest(kernel).max(axis=0)
    result: np.ndarray = np.equal(largest, 0)
    return result
