"""Operators that move numbers without computing."""

from __future__ import annotations

from ..operands import Operands
from .elementwise import eight_bit_unary
from .kinds import Reason, first, not_constant, not_eight_bits, not_four_axes, other_numbers, too_many_axes

_MAX_JOINED = 5
_MAX_SPLIT = 4
_MASKS = (("ellipsisMask", "an ellipsis"), ("newAxisMask", "a new axis"), ("shrinkAxisMask", "a dropped axis"))


def concatenation(operands: Operands) -> Reason:
    tensors = [one for one in operands.inputs if one is not None]
    if not 2 <= len(tensors) <= _MAX_JOINED:
        return f"it joins {len(tensors)} tensors, and XNNPACK joins 2 to {_MAX_JOINED}"
    reason = first(map(not_eight_bits, (*tensors, operands.result)))
    if reason is None and operands.result.dtype == "uint8":
        reason = first(other_numbers(one, operands.result) for one in tensors)
    return reason


def split(operands: Operands) -> Reason:
    count = len(operands.outputs)
    if not 2 <= count <= _MAX_SPLIT:
        return f"it gives {count} tensors, and XNNPACK gives 2 to {_MAX_SPLIT}"
    return not_constant(operands, 0, "its axis is") or first(
        map(not_eight_bits, (operands.input(1), *operands.outputs))
    )


def pad(operands: Operands) -> Reason:
    if operands.input(1).dtype != "int32":
        return "its padding is not int32"
    reason = eight_bit_unary(operands) or not_constant(operands, 1, "its padding is")
    return reason or ("its padding is negative" if operands.integers(1).min(initial=0) < 0 else None)


def reshape(operands: Operands) -> Reason:
    source, result = operands.input(0), operands.result
    reason = eight_bit_unary(operands) or too_many_axes(result) or other_numbers(source, result)
    if reason is None and operands.optional(1) is not None:
        reason = not_constant(operands, 1, "its new shape is")
    return reason


def resize_bilinear(operands: Operands) -> Reason:
    reason = not_four_axes(operands.input(0), operands.result) or eight_bit_unary(operands)
    return reason or not_constant(operands, 1, "its new size is")


def slice_(operands: Operands) -> Reason:
    reason = not_constant(operands, 1, "its beginning is") or not_constant(operands, 2, "its size is")
    if reason is None and operands.integers(2).min(initial=1) <= 0:
        reason = "its size is left open (-1)"
    return reason or eight_bit_unary(operands)


def strided_slice(operands: Operands) -> Reason:
    for mask, meaning in _MASKS:
        if operands.option(mask):
            return f"it has {meaning}"
    reason = first(not_constant(operands, place, "its range is") for place in (1, 2, 3))
    if reason is not None:
        return reason
    if (operands.integers(3) != 1).any():
        return "its steps are not 1"
    if any(operands.input(place).elements != len(operands.input(0).shape) for place in (1, 2, 3)):
        return "its range does not name every axis"
    return eight_bit_unary(operands)


def transpose(operands: Operands) -> Reason:
    return eight_bit_unary(operands) or not_constant(operands, 1, "the order of its axes is")


def depth_to_space(operands: Operands) -> Reason:
    return "its blocks are of size 1" if operands.option("blockSize") <= 1 else eight_bit_unary(operands)


def space_to_depth(operands: Operands) -> Reason:
    block, shape = operands.option("blockSize"), operands.input(0).shape
    if block <= 1 or len(shape) != 4 or any(size % block for size in shape[1:3]):
        return "its blocks do not fill the image"
    return eight_bit_unary(operands)
