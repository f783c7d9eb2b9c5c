"""The decision about each operator of a graph."""

from __future__ import annotations

from ....tflite import Operator, Subgraph
from ..operands import Operands
from . import elementwise, moving, weighted
from .kinds import Check, Reason


def left_over(graph: Subgraph) -> dict[int, str]:
    """The operators of a graph that TFLite's own kernels run, by index, each with the reason.

    Operators that unpack constants (DEQUANTIZE of stored weights) are taken where all who use them are.
    """
    unpacking = {one.outputs[0]: one.index for one in graph.operators if _unpacks_constant(graph, one)}
    found: dict[int, str] = {}
    for operator in graph.operators:
        if operator.outputs and unpacking.get(operator.outputs[0]) == operator.index:
            continue
        reason = refusal(graph, operator, frozenset(unpacking))
        if reason is None:
            continue
        found[operator.index] = reason
        for tensor in operator.inputs:
            if tensor in unpacking:
                found[unpacking[tensor]] = f"the {operator.name} that uses its result is left over"
    return found


def refusal(graph: Subgraph, operator: Operator, unpacked: frozenset[int] = frozenset()) -> Reason:
    """Why the delegate leaves an operator to others; None where it takes it.

    Args:
        graph: the operator's graph.
        operator: the operator.
        unpacked: tensors that the delegate unpacks from constants, which count as constants.
    """
    inputs, check = _CHECKS.get(operator.name, (0, None))
    if operator.custom or check is None:
        return "XNNPACK has no such operator"
    operands = Operands.of(graph, operator, unpacked)
    return check(operands) if operands.has(inputs) else "it lacks an input or output"


def _unpacks_constant(graph: Subgraph, operator: Operator) -> bool:
    if operator.name not in ("DEQUANTIZE", "DENSIFY") or len(operator.inputs) != 1 or len(operator.outputs) != 1:
        return False
    if min(*operator.inputs, *operator.outputs) < 0:
        return False
    source, result = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
    if operator.name == "DENSIFY":
        return source.is_constant and source.sparse and source.dtype == result.dtype
    stored = source.is_constant and not source.sparse
    return stored and source.dtype in ("float16", "int8") and result.dtype == "float32"


_FLOAT_UNARY = (
    *("ABS", "CEIL", "COS", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LOG", "NEG", "RELU", "RELU6", "RELU_N1_TO_1"),
    *("ROUND", "RSQRT", "SIN", "SQRT", "SQUARE"),
)

# How many inputs each operator must have, and what decides about it then.
_CHECKS: dict[str, tuple[int, Check]] = {
    **dict.fromkeys(_FLOAT_UNARY, (1, elementwise.float_unary)),
    **dict.fromkeys(("DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"), (2, elementwise.float_binary)),
    **dict.fromkeys(("LOGISTIC", "TANH"), (1, elementwise.eight_bit_unary)),
    **dict.fromkeys(("ADD", "SUB"), (2, elementwise.eight_bit_binary(2**-10))),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), (2, weighted.reduction)),
    "AVERAGE_POOL_2D": (1, weighted.average_pool),
    "BATCH_MATMUL": (2, weighted.batch_matmul),
    "CONCATENATION": (2, moving.concatenation),
    "CONV_2D": (2, weighted.convolution(0, dynamic=True)),
    "DEPTH_TO_SPACE": (1, moving.depth_to_space),
    "DEPTHWISE_CONV_2D": (2, weighted.convolution(3, dynamic=False)),
    "DEQUANTIZE": (1, elementwise.dequantize),
    "ELU": (1, elementwise.elu),
    "FULLY_CONNECTED": (2, weighted.fully_connected),
    "LEAKY_RELU": (1, elementwise.leaky_relu),
    "MAX_POOL_2D": (1, weighted.max_pool),
    "MUL": (2, elementwise.eight_bit_binary(2**-16, product=True)),
    "PAD": (2, moving.pad),
    "PRELU": (2, elementwise.prelu),
    "QUANTIZE": (1, elementwise.quantize),
    "RESHAPE": (1, moving.reshape),
    "RESIZE_BILINEAR": (2, moving.resize_bilinear),
    "SLICE": (3, moving.slice_),
    "SOFTMAX": (1, weighted.softmax),
    "SPACE_TO_DEPTH": (1, moving.space_to_depth),
    "SPLIT": (2, moving.split),
    "STRIDED_SLICE": (4, moving.strided_slice),
    "TRANSPOSE": (2, moving.transpose),
    "TRANSPOSE_CONV": (3, weighted.transposed_convolution),
}
