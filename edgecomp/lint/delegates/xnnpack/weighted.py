"""Operators that multiply by weights, and pooling and reductions, which sum without them."""

from __future__ import annotations

from ....tflite import Tensor
from ..operands import Operands
from .elementwise import eight_bit_unary
from .kinds import (
    Check,
    Reason,
    activation,
    first,
    mixed,
    not_constant,
    not_eight_bits,
    not_float,
    not_four_axes,
    not_weights,
)


def convolution(channels: int, *, dynamic: bool) -> Check:
    """CONV_2D and DEPTHWISE_CONV_2D.

    Args:
        channels: which axis of the weights the output channels are.
        dynamic: whether float inputs may meet int8 weights.
    """

    def check(operands: Operands) -> Reason:
        if operands.optional(2) is None:
            return "it has no bias"
        source, weights, result = operands.input(0), operands.input(1), operands.result
        reason = not_four_axes(source, weights, result) or not_eight_bits(source) or not_eight_bits(result)
        reason = reason or not_weights(weights, channels) or _not_stored(operands, bias=2)
        if reason is None and not (dynamic and _is_dynamic(source, weights, result)):
            reason = mixed(source, weights, result)
        return reason or activation(operands)

    return check


def fully_connected(operands: Operands) -> Reason:
    source, weights, result = operands.input(0), operands.input(1), operands.result
    if len(weights.shape) != 2:
        return "its weights are not a matrix"
    if operands.option("weightsFormat") or weights.sparse:
        return "its weights are stored in a special format"
    reason = not_eight_bits(source) or not_eight_bits(result) or not_weights(weights, 0, ("int8", "int4"))
    reason = reason or _not_stored(operands, bias=2) or _unfit_int4(weights)
    if reason is None and not _is_dynamic(source, weights, result):
        computed = source if weights.dtype == "int4" and source.dtype == "int8" else weights
        reason = mixed(source, computed, result)
    return reason or activation(operands)


def transposed_convolution(operands: Operands) -> Reason:
    weights, source, result = operands.input(1), operands.input(2), operands.result
    reason = not_constant(operands, 0, "its output shape is") or not_four_axes(source, weights, result)
    reason = reason or _not_stored(operands, bias=3)
    reason = reason or not_eight_bits(source) or not_weights(weights, 0) or not_eight_bits(result)
    return reason or activation(operands)


def batch_matmul(operands: Operands) -> Reason:
    left, right = operands.input(0), operands.input(1)
    if min(len(left.shape), len(right.shape)) < 2:
        return "its inputs are not matrices"
    if left.dtype == "int8":
        return first(map(not_eight_bits, (left, right, operands.result))) or mixed(left, right, operands.result)
    stored = right.dtype == "int8" and right.quantization is not None
    return not_float(left) or (None if stored else not_float(right)) or not_float(operands.result)


def average_pool(operands: Operands) -> Reason:
    return not_float(operands.input(0)) or not_float(operands.result) or _pool(operands)


def max_pool(operands: Operands) -> Reason:
    return eight_bit_unary(operands) or _pool(operands)


def reduction(operands: Operands) -> Reason:
    axes = operands.input(1)
    if axes.dtype != "int32" or len(axes.shape) > 1:
        return "its axes are not a list of int32"
    return eight_bit_unary(operands) or not_constant(operands, 1, "its axes are")


def softmax(operands: Operands) -> Reason:
    if operands.option("beta") != 1:
        return "its beta is not 1"
    return not_float(operands.input(0)) or not_float(operands.result)


def _pool(operands: Operands) -> Reason:
    for size, step in (("filterHeight", "strideH"), ("filterWidth", "strideW")):
        if operands.option(step, 1) > operands.option(size, 1):
            return "its stride is larger than its window"
    return activation(operands)


def _not_stored(operands: Operands, *, bias: int) -> Reason:
    reason = not_constant(operands, 1, "its weights are")
    if reason is None and operands.optional(bias) is not None:
        reason = not_constant(operands, bias, "its bias is")
    return reason


def _unfit_int4(weights: Tensor) -> Reason:
    odd = weights.dtype == "int4" and weights.shape[1] % 2
    return "its int4 weights are for an odd number of inputs" if odd else None


def _is_dynamic(source: Tensor, weights: Tensor, result: Tensor) -> bool:
    """Whether the input is quantized when the model runs."""
    return source.dtype == result.dtype == "float32" and weights.dtype in ("int8", "int4")
