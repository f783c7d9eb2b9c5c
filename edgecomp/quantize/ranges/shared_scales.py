"""Tensors that have to share a scale, as litert-quantizer and the kernels see it."""

from __future__ import annotations

from collections import Counter

from ...tflite import Operator, Subgraph

Range = tuple[float, float]
Ranges = dict[str, Range]
"""Lowest and highest value that the integers of a tensor stand for, by its name."""

_FIXED = {"SOFTMAX": (0.0, 255 / 256), "LOGISTIC": (0.0, 255 / 256), "TANH": (-1.0, 127 / 128)}
"""Ranges of int8 outputs that the kernels insist on; the quantizer sets them whatever it is told."""

# Operators whose outputs the quantizer gives the scale of their input.
_LIKE_INPUT = frozenset(
    {
        "AVERAGE_POOL_2D",
        "BROADCAST_TO",
        "GATHER",
        "GATHER_ND",
        "MAX_POOL_2D",
        "MIRROR_PAD",
        "PAD",
        "REDUCE_MAX",
        "REDUCE_MIN",
        "RESHAPE",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "SLICE",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "STRIDED_SLICE",
        "TILE",
        "TRANSPOSE",
        "UNPACK",
    }
)
# And those whose inputs it gives the scale of their output.
_LIKE_OUTPUT = frozenset(
    {"CONCATENATION", "DYNAMIC_UPDATE_SLICE", "MAXIMUM", "MINIMUM", "PACK", "PADV2", "SELECT", "SELECT_V2"}
)


def passed_on(graph: Subgraph, operator: Operator, ranges: Ranges) -> Ranges:
    """The ranges of an operator's outputs where they follow from that of its input."""
    data = next((one.name for one in graph.tensors_of(operator.inputs) if one.name in ranges), None)
    if operator.name not in _LIKE_INPUT or data is None:
        return {}
    return {one.name: ranges[data] for one in graph.tensors_of(operator.outputs) if one.name in ranges}


def agreed(graph: Subgraph, ranges: Ranges) -> Ranges:
    """Ranges as the quantizer will take them, so that what is reported is what is used.

    What a kernel fixes is fixed, operators that pass values on give their input's range to their output, and what only
    a concatenation or the like reads takes that one's range. What others read too keeps its own, and a QUANTIZE comes
    between.
    """
    result = dict(ranges)
    for operator in graph.operators:
        if operator.name in _FIXED:
            result.update({one.name: _FIXED[operator.name] for one in graph.tensors_of(operator.outputs)})
        result.update(passed_on(graph, operator, result))
    free = _free(graph)
    for operator in reversed(graph.operators):
        joined = graph.tensors[operator.outputs[0]].name if operator.name in _LIKE_OUTPUT else None
        if joined in result:
            operands = {graph.tensors[index].name for index in operator.inputs if index in free}
            result.update({name: result[joined] for name in operands if name in result})
    return result


def _free(graph: Subgraph) -> set[int]:
    """Tensors whose scale may be any, and that one operator alone reads."""
    readers = Counter(index for operator in graph.operators for index in set(operator.inputs))
    readers.update(graph.outputs)
    return {
        index
        for operator in graph.operators
        if operator.name not in _FIXED and operator.name not in _LIKE_INPUT
        for index in operator.outputs
        if readers[index] == 1
    }
