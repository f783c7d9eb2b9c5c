"""Reads from a Keras model and its channels what it costs, without rebuilding it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .batch_norms import folded_batch_norms, is_linear
from .calls import Call, list_calls
from .channel_graph import ChannelGraph
from .costs import OUTPUT_WORK, Cost, CostTerm
from .variables import layer_variables
from .weight_uses import activation_macs, kernel_uses

if TYPE_CHECKING:
    import keras

_BIAS_BYTES = 4
"""Biases are int32 in an INT8 file."""

_Axes = dict[int, np.ndarray]
"""The channels along some of a variable's axes."""


def cost_terms(model: keras.Model, graph: ChannelGraph) -> tuple[CostTerm, ...]:
    """What the model costs as a function of the channels kept.

    Args:
        model: a functional model, flattened.
        graph: its channels.

    Returns:
        a term for each weight, each written tensor and each product of activations, in the order of the layers.
    """
    axes: dict[tuple[str, str], _Axes] = {}
    for one in graph.axes:
        axes.setdefault((one.layer, one.variable), {})[one.axis] = one.channels
    folded = {norm.name for norm in folded_batch_norms(model).values()}
    by_layer: dict[str, list[Call]] = {}
    for call in list_calls(model):
        by_layer.setdefault(call.operation.name, []).append(call)
    terms: list[CostTerm] = []
    for name, own in by_layer.items():
        layer = own[0].operation
        uses = _uses(own)
        for path, variable in _weights(layer).items():
            unit = _unit(variable, uses.get(id(variable), 0), name in folded)
            channels = axes.get((name, path), {})
            output = _output(channels, graph.tensors[own[0].output_names()[0]]) if unit.macs else None
            terms.append(_term(name, variable.shape, channels, unit, output))
        if is_linear(layer) and not layer.use_bias:
            terms.append(CostTerm(name, Cost(bytes=_BIAS_BYTES), (graph.tensors[own[0].output_names()[0]],)))
        terms.extend(term for call in own for term in _per_call(call, graph, has_kernel=bool(uses)))
    return tuple(terms)


def _weights(operation: Any) -> dict[str, Any]:
    """The weights of a layer; a `keras.ops` operation has none."""
    import keras

    return layer_variables(operation) if isinstance(operation, keras.layers.Layer) else {}


def _uses(calls: Sequence[Call]) -> dict[int, int]:
    """How often a layer's kernels are used in all its calls, by the variable's id."""
    uses: dict[int, int] = {}
    for call in calls:
        for kernel, count in kernel_uses(call.operation, _input_shapes(call), tuple(call.outputs[0].shape)):
            uses[id(kernel)] = uses.get(id(kernel), 0) + count
    return uses


def _input_shapes(call: Call) -> list[tuple[int | None, ...]]:
    return [tuple(tensor.shape) for tensor in call.inputs]


def _unit(variable: Any, uses: int, is_folded: bool) -> Cost:
    """What one element costs."""
    if is_folded or variable.name in ("moving_mean", "moving_variance"):
        return Cost(params=1)  # a BatchNorm that is not folded is a product and a sum: one constant each
    return Cost(macs=uses, params=1, bytes=_BIAS_BYTES if variable.name == "bias" else 1)


def _output(axes: _Axes, labels: np.ndarray) -> int | None:
    """Which of a kernel's axes, in their order, makes the channels of the layer's output; None for none."""
    found = [place for place, axis in enumerate(sorted(axes)) if np.array_equal(axes[axis], labels)]
    return found[-1] if found else None


def _term(layer: str, shape: Sequence[int], axes: _Axes, unit: Cost, output: int | None = None) -> CostTerm:
    others = prod(size for axis, size in enumerate(shape) if axis not in axes)
    return CostTerm(layer, unit.times(others), tuple(axes[axis] for axis in sorted(axes)), output)


def _per_call(call: Call, graph: ChannelGraph, *, has_kernel: bool) -> list[CostTerm]:
    """What a call writes, and what it multiplies beside its weights."""
    name = call.operation.name
    terms = []
    for key, tensor in zip(call.output_names(), call.outputs, strict=True):
        shape = [size or 1 for size in tensor.shape[1:]]
        axes = {len(shape) - 1: graph.tensors[key]} if shape and key in graph.tensors else {}
        written = _term(name, shape, axes, Cost(activations=1))
        terms.append(_with_overhead(written) if has_kernel else written)
    macs = activation_macs(call.operation, _input_shapes(call), tuple(call.outputs[0].shape))
    return [*terms, CostTerm(name, Cost(macs=macs))] if macs else terms


def _with_overhead(written: CostTerm) -> CostTerm:
    """What a kernel writes, and does for it beside multiplying."""
    output = 0 if written.axes else None
    return replace(written, output=output, overhead=OUTPUT_WORK * written.unit.activations)
