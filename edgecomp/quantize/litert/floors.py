"""What integer kernels ask of ranges: neither so narrow nor so far from the bias that their 32 bits overflow.

Where a tensor is all but dead, as behind a ReLU that never fires on the calibration samples, its observed range is
nothing, and a scale made of it is refused by one kernel or another, or wraps around. All that is done here loses
nothing: it takes away steps that no sum of products could tell apart.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ...tflite import Operator, Subgraph, Tensor, TfliteModel, read_tflite, with_activations
from ..ranges.shared_scales import Ranges, passed_on

FINEST_STEP = 1 / 64
"""Least output step in units of the accumulator, which is a step of the input times one of the weights. Below 1, an
output has steps that no sum of products can tell apart; at 1/256 XNNPACK refuses the whole network. For sums the unit
is the larger input's step; at 2^-19 of it the plain kernel of ADD ends the process."""

LARGEST_BIAS = 2**30
"""In units of the accumulator: half of what int32 holds, so that the products have the other half."""

_LARGEST_WEIGHT = 127
_INT8_STEPS = 255
_LEAST_WIDTH = 1e-9
"""Below this the quantizer takes a range for this wide."""

# Positions of the data, the weights and the bias among the inputs, by operator, and the weights' axis of channels.
_OPERANDS = {
    "CONV_2D": (0, 1, 2, 0),
    "DEPTHWISE_CONV_2D": (0, 1, 2, 3),
    "FULLY_CONNECTED": (0, 1, 2, 0),
    "TRANSPOSE_CONV": (2, 1, 3, 0),
}
WEIGHTED = tuple(_OPERANDS)
"""Operators with weights and biases."""

_SUMS = frozenset({"ADD", "SUB"})

_UPPER_BOUNDS = {2: (1.0, 0), 3: (6.0, 1)}
"""Of the fused activations that have one, by the schema's code (RELU_N1_TO_1, RELU6), and the code of what is left
without it (none, RELU); a lower bound of -1 is as far out of reach as the upper one."""

_FARTHEST_BOUND = 2**30
"""In steps of the output; the plain kernels stop at 2^31."""


def widen_narrow(model: TfliteModel, ranges: Ranges) -> Ranges:
    """Widens the ranges of tensors whose steps would be finer than what is added up in them.

    Args:
        model: the float file.
        ranges: as observed.

    Returns:
        The same ranges, all of them holding 0 and wide enough for integer kernels.
    """
    widened = {name: _at_least(low, high, 0.0) for name, (low, high) in ranges.items()}
    graph = model.main
    for operator in graph.operators:
        widened.update(passed_on(graph, operator, widened))
        output = graph.tensors[operator.outputs[0]].name if operator.outputs else ""
        if output in widened:
            widened[output] = _at_least(*widened[output], FINEST_STEP * _unit_width(graph, operator, widened))
    return widened


def weight_bounds(
    model: TfliteModel, ranges: Ranges, *, bits: int = 8, per_tensor: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """Magnitudes that the integers of weights must reach so that the biases beside them fit their own.

    A bias counts in steps of the input times steps of the weights. A channel whose weights are all but zero, as
    pruning or a BatchNorm with a scale of 0 leaves them, gives steps too fine for its bias, and what comes out of it is
    then wrong by up to the whole bias. A larger step costs next to nothing: the products that it rounds away are below
    a hundredth of a step of the output even for a thousand inputs.

    Args:
        model: the float file.
        ranges: of activations, as given to the quantizer.
        bits: of the activations.
        per_tensor: operators whose channels share one scale.

    Returns:
        by name of the weights, only where theirs is too small: float32, of the weights' rank, 1 along each axis but
        that of the output channels, or along each.
    """
    bounds: dict[str, np.ndarray] = {}
    graph = model.main
    for operator in graph.operators:
        weighted, bias = _weighted(graph, operator), _bias(graph, operator)
        if weighted is None or bias is None or weighted[0].name not in ranges:
            continue
        data, weights = weighted
        low, high = ranges[data.name]
        step = max(high - low, _LEAST_WIDTH) / (2**bits - 1)
        needed = np.abs(bias.values().astype(np.float64)) / (step * LARGEST_BIAS) * _LARGEST_WEIGHT
        largest = _largest_by_channel(operator, weights)
        if operator.name in per_tensor:
            needed, largest = needed.max(keepdims=True), largest.max(keepdims=True)
        bound = np.maximum(bounds.get(weights.name, largest), needed.reshape(largest.shape))
        if (bound > largest).any():
            bounds[weights.name] = bound.astype(np.float32)
    return bounds


def drop_idle_clamps(file: bytes) -> bytes:
    """Takes upper bounds off fused activations where they are out of the reach of the output's integers by far.

    The plain kernels count such a bound in steps of the output and refuse the file when that does not fit 32 bits
    (`no_integer_overflow_from_quantization` in tflite/kernels/kernel_util.cc). What the file computes stays the same to
    the last bit.

    Args:
        file: a quantized .tflite.
    """
    graph = read_tflite(file).main
    left = {operator.index: _left_of_clamp(graph, operator) for operator in graph.operators}
    changes = {index: activation for index, activation in left.items() if activation is not None}
    return with_activations(file, changes) if changes else file


def _left_of_clamp(graph: Subgraph, operator: Operator) -> int | None:
    """The activation without the bound that overflows; None where it stays."""
    code = int(operator.options.get("fusedActivationFunction", 0))
    quantization = graph.tensors[operator.outputs[0]].quantization if operator.outputs else None
    if code not in _UPPER_BOUNDS or quantization is None:
        return None
    bound, without = _UPPER_BOUNDS[code]
    return without if bound > _FARTHEST_BOUND * quantization.scale[0] else None


def _at_least(low: float, high: float, width: float) -> tuple[float, float]:
    low, high = min(low, 0.0), max(high, 0.0)
    missing = width - (high - low)
    return (low, high) if missing <= 0 else (low, high + missing)


def _weighted(graph: Subgraph, operator: Operator) -> tuple[Tensor, Tensor] | None:
    """What an operator's weights are applied to, and the weights; None for other operators."""
    if operator.name not in _OPERANDS:
        return None
    data, weights = (graph.tensors[operator.inputs[place]] for place in _OPERANDS[operator.name][:2])
    readable = weights.is_constant and weights.dtype == "float32" and not (weights.sparse or weights.external)
    return (data, weights) if readable else None


def _bias(graph: Subgraph, operator: Operator) -> Tensor | None:
    place = _OPERANDS[operator.name][2] if operator.name in _OPERANDS else len(operator.inputs)
    index = operator.inputs[place] if place < len(operator.inputs) else -1
    return graph.tensors[index] if index >= 0 and graph.tensors[index].is_constant else None


def _largest_by_channel(operator: Operator, weights: Tensor) -> np.ndarray:
    """Of the weights' magnitudes: their rank, 1 along each axis but that of the output channels."""
    channel_axis = _OPERANDS[operator.name][3]
    others = tuple(axis for axis in range(len(weights.shape)) if axis != channel_axis)
    return np.asarray(np.abs(weights.values()).max(axis=others, keepdims=True, initial=0))


def _unit_width(graph: Subgraph, operator: Operator, ranges: Ranges) -> float:
    """How wide an int8 range is whose step is one of the operator's accumulator; 0 for operators without one."""
    if operator.name in _SUMS:
        operands = (ranges[one.name] for one in graph.tensors_of(operator.inputs) if one.name in ranges)
        return max((high - low for low, high in operands), default=0.0)
    weighted = _weighted(graph, operator)
    if weighted is None or weighted[0].name not in ranges:
        return 0.0
    data, weights = weighted
    low, high = ranges[data.name]
    by_weights = max(high - low, _LEAST_WIDTH) * float(np.abs(weights.values()).max(initial=0)) / _LARGEST_WEIGHT
    bias = _bias(graph, operator)
    largest_bias = 0.0 if bias is None else float(np.abs(bias.values()).max(initial=0))
    return max(by_weights, _INT8_STEPS * largest_bias / LARGEST_BIAS)  # the least that `weight_bounds` makes of it
