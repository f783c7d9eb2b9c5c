"""What the delegate asks of tensors. Each check gives a reason to refuse, in words that follow "because", or None."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from ....tflite import Tensor
from ..operands import Operands

Reason = str | None
Check = Callable[[Operands], Reason]

# XNN_MAX_TENSOR_DIMS.
MAX_RANK = 6
# Codes of the schema's ActivationFunctionType: none, ReLU, ReLU_N1_TO_1, ReLU6. Tanh and sign have no fused kernel.
_FUSED_ACTIVATIONS = frozenset({0, 1, 2, 3})
# 2 ** -126, the smallest float32 that is not subnormal.
SMALLEST_NORMAL = 2.0**-126


def first(reasons: Iterable[Reason]) -> Reason:
    """The first reason there is."""
    return next((one for one in reasons if one is not None), None)


def not_float(tensor: Tensor) -> Reason:
    return None if tensor.dtype == "float32" else f"there is no kernel for {tensor.dtype}"


def not_eight_bits(tensor: Tensor) -> Reason:
    """float32, or int8 or uint8 with one scale, will do."""
    if tensor.dtype == "float32":
        return None
    if tensor.dtype not in ("int8", "uint8"):
        return f"there is no kernel for {tensor.dtype}"
    if tensor.quantization is None or tensor.quantization.per_channel or tensor.quantization.axis:
        return "an input or output has not one scale along its first axis"
    return None


def not_weights(tensor: Tensor, axis: int, stored: tuple[str, ...] = ("int8",)) -> Reason:
    """As `not_eight_bits`, but those `stored` so may have a scale for each output channel, which are along `axis`."""
    if tensor.dtype not in stored:
        return not_eight_bits(tensor)
    if tensor.quantization is None:
        return "its weights have no scale"
    if tensor.quantization.per_channel and tensor.quantization.axis != axis:
        return "the scales of its weights lie along another axis than the output channels"
    if tensor.quantization.per_channel and tensor.quantization.zero_point[0]:
        return "its weights have a zero point"
    if any(not scale >= SMALLEST_NORMAL for scale in tensor.quantization.scale):
        return "a scale of its weights is zero or negative"
    return None


def not_constant(operands: Operands, place: int, what: str) -> Reason:
    return None if operands.is_constant(place) else f"{what} only computed when the model runs"


def mixed(*tensors: Tensor) -> Reason:
    """Operators compute in one dtype."""
    for one, other in pairwise(tensors):
        if one.dtype != other.dtype:
            return f"it mixes {one.dtype} and {other.dtype}"
    return None


def too_many_axes(*tensors: Tensor) -> Reason:
    most = max(len(tensor.shape) for tensor in tensors)
    return f"{most} axes are more than {MAX_RANK}" if most > MAX_RANK else None


def not_four_axes(*tensors: Tensor) -> Reason:
    return None if all(len(tensor.shape) == 4 for tensor in tensors) else "its tensors have not four axes"


def activation(operands: Operands) -> Reason:
    code = operands.option("fusedActivationFunction")
    return None if code in _FUSED_ACTIVATIONS else "its fused activation is none of ReLU, ReLU6 and ReLU_N1_TO_1"


def scale_of(tensor: Tensor) -> float | None:
    """The scale of an int8 or uint8 tensor that has one."""
    if tensor.dtype not in ("int8", "uint8") or tensor.quantization is None or tensor.quantization.per_channel:
        return None
    return tensor.quantization.scale[0]


def scale_ratio(source: Tensor, result: Tensor) -> float | None:
    """The scale of an input over that of the output, where both have one."""
    above, below = scale_of(source), scale_of(result)
    return None if above is None or below is None or not below else above / below


def other_numbers(source: Tensor, result: Tensor) -> Reason:
    """Operators that only move numbers cannot rescale them."""
    if source.quantization is None or result.quantization is None or source.dtype == "float32":
        return None
    ours = (source.quantization.scale[0], source.quantization.zero_point[0])
    theirs = (result.quantization.scale[0], result.quantization.zero_point[0])
    return None if ours == theirs else "an input has another scale than its output"
