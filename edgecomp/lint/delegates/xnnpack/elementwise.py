"""Operators that compute each output element from one element of each input, and conversions of numbers."""

from __future__ import annotations

import math

from ..operands import Operands
from .kinds import (
    SMALLEST_NORMAL,
    Check,
    Reason,
    activation,
    first,
    mixed,
    not_constant,
    not_eight_bits,
    not_float,
    scale_of,
    scale_ratio,
    too_many_axes,
)

_FAR_APART = "the scales of its inputs and output are too far apart"


def float_unary(operands: Operands) -> Reason:
    source, result = operands.input(0), operands.result
    if source.dtype == result.dtype == "float16":
        return too_many_axes(source)
    return not_float(source) or not_float(result) or too_many_axes(source)


def eight_bit_unary(operands: Operands) -> Reason:
    source, result = operands.input(0), operands.result
    return not_eight_bits(source) or not_eight_bits(result) or too_many_axes(source)


def elu(operands: Operands) -> Reason:
    if "uint8" in (operands.input(0).dtype, operands.result.dtype):
        return "there is no kernel for uint8"
    return eight_bit_unary(operands)


def leaky_relu(operands: Operands) -> Reason:
    slope = operands.option("alpha")
    if not math.isfinite(slope) or abs(slope) < SMALLEST_NORMAL:
        return f"its slope is {slope:g}"
    ratio = scale_ratio(operands.input(0), operands.result)
    if ratio is not None and not (1 / 256 <= ratio <= 128 and 1 / 256 <= abs(ratio * slope) <= 128):
        return _FAR_APART
    return eight_bit_unary(operands)


def quantize(operands: Operands) -> Reason:
    source, result = operands.input(0), operands.result
    if result.dtype == "float32" or source.dtype not in ("float32", result.dtype):
        return f"it turns {source.dtype} into {result.dtype}"
    ratio = scale_ratio(source, result)
    if ratio is not None and not 1 / 256 <= ratio <= 128:
        return _FAR_APART
    return eight_bit_unary(operands)


def dequantize(operands: Operands) -> Reason:
    source, result = operands.input(0), operands.result
    if source.dtype == "float32":
        return "it takes float32"
    return not_eight_bits(source) or not_float(result)


def float_binary(operands: Operands) -> Reason:
    left, right = operands.input(0), operands.input(1)
    return first(map(not_float, (left, right, operands.result))) or too_many_axes(left, right) or activation(operands)


def prelu(operands: Operands) -> Reason:
    return float_binary(operands) or not_constant(operands, 1, "its slopes are")


def eight_bit_binary(lowest: float, *, product: bool = False) -> Check:
    """ADD, SUB and MUL in integers shift by what their scales differ, and shifts are limited.

    Args:
        lowest: smallest ratio of an input's scale (or of the product of both) to the output's; the largest is 256.
        product: whether the scales of both inputs are multiplied.
    """

    def check(operands: Operands) -> Reason:
        left, right, result = operands.input(0), operands.input(1), operands.result
        reason = first(map(not_eight_bits, (left, right, result))) or mixed(left, right, result)
        reason = reason or too_many_axes(left, right) or activation(operands)
        if reason is not None or result.dtype == "float32":
            return reason
        ratios = (scale_ratio(left, result) or 0.0, scale_ratio(right, result) or 0.0)
        if product:
            ratios = (ratios[0] * (scale_of(right) or 0.0),) * 2
        return None if all(lowest <= ratio < 256 for ratio in ratios) else _FAR_APART

    return check
