"""Bounds behind layers with weights: convolutions, dense layers, normalization, embeddings, recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .elementwise import through_function
from .interval import (
    Bounds,
    TapSums,
    add,
    affine,
    between,
    multiply,
    point,
    tap_sums,
    unbounded,
    weighted_each,
    weighted_sum,
    with_zero,
)
from .site import Site, weights_of
from .windows import reads_padding

MOST_WEIGHTS = 2**24
"""Of a dense layer that is looked into; in a larger one, as behind the Flatten of a VGG, intervals say nothing and take
long."""

_ROWS = 4096  # of a kernel that are widened to float64 at once


def _dense(site: Site) -> Bounds:
    layer = site.operation
    if int(np.prod(layer.kernel.shape)) > MOST_WEIGHTS:
        return _finish(layer, unbounded(layer.units))
    return _finish(layer, _sum_rows(site.single_input(), weights_of(layer.kernel)))


def _sum_rows(bounds: Bounds, kernel: np.ndarray) -> Bounds:
    """A matrix product [inputs, outputs], some rows at a time."""
    result = point(np.zeros(kernel.shape[-1]))
    for start in range(0, kernel.shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        result = add(result, weighted_sum(Bounds(bounds.low[rows], bounds.high[rows]), tap_sums(kernel[rows])))
    return result


def _conv(site: Site) -> Bounds:
    layer = site.operation
    bounds = _padded(site)
    sums = tap_sums(weights_of(layer.kernel))
    inputs, outputs = bounds.size // layer.groups, layer.filters // layer.groups
    parts = []
    for group in range(layer.groups):
        own = slice(group * inputs, (group + 1) * inputs)
        made = slice(group * outputs, (group + 1) * outputs)
        part = TapSums(sums.positive[:, made], sums.negative[:, made], sums.total[:, made])
        parts.append(weighted_sum(Bounds(bounds.low[own], bounds.high[own]), part))
    return _finish(layer, _joined(parts))


def _depthwise_conv(site: Site) -> Bounds:
    layer = site.operation
    return _finish(layer, weighted_each(_padded(site), tap_sums(weights_of(layer.kernel))))


def _separable_conv(site: Site) -> Bounds:
    layer = site.operation
    between_both = weighted_each(_padded(site), tap_sums(weights_of(layer.depthwise_kernel)))
    return _finish(layer, weighted_sum(between_both, tap_sums(weights_of(layer.pointwise_kernel))))


def _conv_transpose(site: Site) -> Bounds:
    layer = site.operation
    kernel = np.swapaxes(weights_of(layer.kernel), -1, -2)
    single = all(one == 1 for one in (*layer.kernel_size, *layer.strides))
    # An output is reached by some of the taps, by others not.
    bounds = site.single_input() if single else with_zero(site.single_input())
    return _finish(layer, weighted_sum(bounds, tap_sums(kernel)))


def _padded(site: Site) -> Bounds:
    bounds = site.single_input()
    return with_zero(bounds) if reads_padding(site.operation, site.input_shapes[0]) else bounds


def _finish(layer: Any, bounds: Bounds) -> Bounds:
    """Adds the bias and applies the activation."""
    if layer.use_bias:
        bounds = add(bounds, point(weights_of(layer.bias)))
    return through_function(layer.activation, bounds)


def _joined(parts: list[Bounds]) -> Bounds:
    return Bounds(np.concatenate([one.low for one in parts]), np.concatenate([one.high for one in parts]))


def _batch_normalization(site: Site) -> Bounds:
    layer = site.operation
    bounds = site.single_input()
    if not _is_last(layer.axis, site) or getattr(layer, "renorm", False):
        return unbounded(bounds.size)
    scale = 1.0 / np.sqrt(weights_of(layer.moving_variance).astype(np.float64) + layer.epsilon)
    if layer.scale:
        scale = scale * weights_of(layer.gamma)
    offset = -weights_of(layer.moving_mean) * scale
    if layer.center:
        offset = offset + weights_of(layer.beta)
    return affine(bounds, scale, offset)


def _layer_normalization(site: Site) -> Bounds:
    """Values with mean 0 and variance 1 over n channels stay within the square root of n - 1."""
    layer = site.operation
    channels = site.single_input().size
    if not _is_last(layer.axis, site) or getattr(layer, "rms_scaling", False):
        return unbounded(channels)
    furthest = np.sqrt(max(channels - 1, 0))
    bounds = between(-furthest, furthest, channels)
    if layer.scale:
        bounds = multiply(bounds, point(weights_of(layer.gamma)))
    return add(bounds, point(weights_of(layer.beta))) if layer.center else bounds


def _is_last(axis: Any, site: Site) -> bool:
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    return len(axes) == 1 and axes[0] in (-1, len(site.input_shapes[0]) - 1)


def _prelu(site: Site) -> Bounds:
    layer = site.operation
    bounds = site.single_input()
    slope = _of_last_axis(weights_of(layer.alpha))
    rising = Bounds(np.maximum(bounds.low, 0.0), np.maximum(bounds.high, 0.0))
    falling = Bounds(np.minimum(bounds.low, 0.0), np.minimum(bounds.high, 0.0))
    return add(rising, multiply(falling, slope))


def _layer_scale(site: Site) -> Bounds:
    return multiply(site.single_input(), point(weights_of(site.operation.gamma)))


def _embedding(site: Site) -> Bounds:
    layer = site.operation
    bounds = _of_last_axis(weights_of(layer.embeddings))
    return with_zero(bounds) if layer.mask_zero else bounds


def _of_last_axis(values: np.ndarray) -> Bounds:
    rows = values.reshape(-1, values.shape[-1]).astype(np.float64)
    return Bounds(rows.min(axis=0), rows.max(axis=0))


def _recurrent(site: Site) -> list[Bounds]:
    """The state starts at 0; a unit whose candidate has no weights never leaves it. Else |tanh| is at most 1."""
    layer = site.operation
    outputs = site.unknown()
    states_given = len(site.inputs) != 1 or layer.stateful
    if not states_given and layer.activation.__name__ == "tanh" and _gates_within_one(layer):
        within = np.where(_without_candidate(layer), 0.0, 1.0)
        outputs[0] = Bounds(-within, within)
    return outputs


def _gates_within_one(layer: Any) -> bool:
    gate = getattr(layer, "recurrent_activation", None)
    return gate is None or gate.__name__ in ("sigmoid", "hard_sigmoid")


def _without_candidate(layer: Any) -> np.ndarray:
    """bool [units]: the weights of the new state's candidate are all 0."""
    # Keras's order of gates: LSTM i, f, candidate, o; GRU z, r, candidate.
    blocks = {"LSTM": 2, "GRU": 2, "SimpleRNN": 0}
    start = blocks[type(layer).__name__] * layer.units
    columns = slice(start, start + layer.units)
    weights = [layer.cell.kernel, layer.cell.recurrent_kernel, *([layer.cell.bias] if layer.use_bias else [])]
    rows = [weights_of(one) for one in weights]
    result: np.ndarray = np.logical_and.reduce(
        [(one.reshape(-1, one.shape[-1])[:, columns] == 0).all(0) for one in rows]
    )
    return result


WEIGHTED: dict[str, Callable[[Site], Bounds | list[Bounds]]] = {
    "Dense": _dense,
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _conv),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise_conv),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable_conv),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _conv_transpose),
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "PReLU": _prelu,
    "LayerScale": _layer_scale,
    "Embedding": _embedding,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent),
}
