"""How often one inference multiplies by each weight: a layer's multiply-accumulates, apart from its widths.

Cutting channels changes how many weights there are, not how often each is used, so multiply-accumulates are a sum over
the kernels of uses x elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

Shape = tuple[int | None, ...]
Uses = list[tuple[Any, int]]
"""Kernels (Keras variables), and how often each of their elements is used."""


def kernel_uses(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    """Multiply-accumulates per element of each kernel, in one call with a batch of 1.

    Layers of unknown kinds count nothing.

    Args:
        layer: a Keras layer.
        inputs: shapes of the tensors it takes, batch included; a size that is open counts as 1.
        output: shape of the first tensor it gives.
    """
    for kinds, count in _rules():
        if isinstance(layer, kinds):
            return count(layer, inputs, output)
    return []


def activation_macs(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    """Multiply-accumulates of two activations, in one call: what attention and `matmul` do beside their weights."""
    import keras

    if isinstance(layer, keras.layers.MultiHeadAttention):
        query, value, _ = _attended(inputs)
        return query * value * int(layer.num_heads) * (int(layer.key_dim) + int(layer.value_dim))
    if type(layer).__name__ == "Matmul" and len(inputs) == 2:
        return _elements(output[1:]) * _elements(inputs[0][-1:])
    return 0


def _rules() -> Sequence[tuple[tuple[type, ...], Callable[[Any, Sequence[Shape], Shape], Uses]]]:
    from keras import layers

    return (
        ((layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose, layers.Dense), _per_input_place),
        ((layers.Conv1D, layers.Conv2D, layers.Conv3D), _per_output_place),
        ((layers.DepthwiseConv1D, layers.DepthwiseConv2D), _per_output_place),
        ((layers.SeparableConv1D, layers.SeparableConv2D), _separable),
        ((layers.EinsumDense,), _einsum_dense),
        ((layers.MultiHeadAttention,), _attention),
        ((layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D), _recurrent_convolution),
        ((layers.Bidirectional,), _bidirectional),
        ((layers.TimeDistributed,), _time_distributed),
        ((layers.RNN,), _recurrent),
    )


def _elements(sizes: Shape) -> int:
    return prod(1 if size is None else int(size) for size in sizes)


def _per_input_place(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    return [(layer.kernel, _elements(inputs[0][1:-1]))]


def _per_output_place(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    return [(layer.kernel, _elements(output[1:-1]))]


def _separable(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    places = _elements(output[1:-1])
    return [(layer.depthwise_kernel, places), (layer.pointwise_kernel, places)]


def _einsum_dense(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    """Each weight is used once for every combination of the output's indices that the kernel does not have."""
    kernel = layer.equation.split(",")[1].split("->")[0]
    ahead, dots, behind = layer.equation.split("->")[1].partition("...")
    if not dots:
        ahead, behind = "", ahead
    letters = [*ahead, *"." * (len(output) - len(ahead) - len(behind)), *behind]
    free = [size for letter, size in zip(letters, output, strict=True) if letter not in kernel]
    return [(layer.kernel, _elements(tuple(free)))]


def _attended(inputs: Sequence[Shape]) -> tuple[int, int, int]:
    """How many places the query, the value and the key of an attention have; what is not given is the one before."""
    query, value, key = (inputs[min(place, len(inputs) - 1)] for place in range(3))
    return _elements(query[1:-1]), _elements(value[1:-1]), _elements(key[1:-1])


def _attention(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    query, value, key = _attended(inputs)
    return [
        (layer.query_dense.kernel, query),
        (layer.key_dense.kernel, key),
        (layer.value_dense.kernel, value),
        (layer.output_dense.kernel, query),
    ]


def _recurrent(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    steps = _elements(inputs[0][1:2])
    cells = getattr(layer.cell, "cells", [layer.cell])
    kernels = [getattr(cell, name, None) for cell in cells for name in ("kernel", "recurrent_kernel")]
    return [(kernel, steps) for kernel in kernels if kernel is not None]


def _recurrent_convolution(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    places = _elements(output[2:-1] if layer.return_sequences else output[1:-1])
    return [(kernel, places * steps) for kernel, steps in _recurrent(layer, inputs, output)]


def _bidirectional(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    both = (layer.forward_layer, layer.backward_layer)
    return [use for one in both for use in kernel_uses(one, inputs, output)]


def _time_distributed(layer: Any, inputs: Sequence[Shape], output: Shape) -> Uses:
    steps = _elements(inputs[0][1:2])
    once = kernel_uses(layer.layer, [(one[0], *one[2:]) for one in inputs], (output[0], *output[2:]))
    return [(kernel, steps * uses) for kernel, uses in once]
