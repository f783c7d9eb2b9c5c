"""Which operators the Edge TPU's compiler takes.

It takes one part of a graph: from the first operator on, behind a QUANTIZE of float inputs, up to the first that it
cannot take. What it asks of models and single operators is listed in Coral's "TensorFlow models on the Edge TPU"
(https://coral.ai/docs/edgetpu/models-intro/#model-requirements and #supported-operations).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import prod

from ...tflite import Operator, Subgraph
from .operands import Operands

# What compiled parts are: one operator that stands for all of them.
COMPILED = "edgetpu-custom-op"
_MAX_SOFTMAX = 16_000
_QUANTIZED = ("int8", "uint8")

Reason = str | None


def taken(graph: Subgraph, supported: Collection[str]) -> tuple[int, ...]:
    """Indices of the operators that run on the Edge TPU; a part that is compiled already counts as one."""
    start, stop = _leading_conversions(graph), first_left_over(graph, supported)
    return tuple(range(start, len(graph.operators) if stop is None else stop))


def first_left_over(graph: Subgraph, supported: Collection[str]) -> int | None:
    """Index of the first operator that runs on the CPU together with all behind it; None where there is none.

    Args:
        graph: the graph.
        supported: names of the operators that the Edge TPU has, as profiles list them.
    """
    behind = graph.operators[_leading_conversions(graph) :]
    return next((one.index for one in behind if refusal(graph, one, supported) is not None), None)


def refusal(graph: Subgraph, operator: Operator, supported: Collection[str]) -> Reason:
    """Why the compiler leaves an operator to the CPU, in words that follow "because"; None where it takes it."""
    if operator.name == COMPILED:
        return None
    if operator.custom or operator.name not in supported:
        return "the Edge TPU has no such operator"
    operands = Operands.of(graph, operator)
    reason = _tensors(graph, operator)
    check = _CHECKS.get(operator.name)
    return reason if reason is not None or check is None or not operands.has(1) else check(operands)


def _leading_conversions(graph: Subgraph) -> int:
    """How many conversions of float inputs come first; these run on the CPU, before the Edge TPU."""
    count = 0
    for operator in graph.operators:
        sources = graph.tensors_of(operator.inputs)
        if operator.name != "QUANTIZE" or any(one.dtype != "float32" for one in sources):
            break
        count += 1
    return count


def _tensors(graph: Subgraph, operator: Operator) -> Reason:
    for tensor in graph.tensors_of((*operator.inputs, *operator.outputs)):
        if tensor.dynamic:
            return "sizes are only known when it runs"
        if tensor.is_constant:
            continue
        if tensor.dtype not in _QUANTIZED or tensor.quantization is None:
            return f"it works on {tensor.dtype}"
        if prod(tensor.shape[:-3]) > 1:
            return "a tensor has more than three axes, beside a batch of 1"
    return None


def _no_activation(operands: Operands) -> Reason:
    return "it has a fused activation" if operands.option("fusedActivationFunction") else None


def _one_dilation(operands: Operands) -> Reason:
    same = operands.option("dilationHFactor", 1) == operands.option("dilationWFactor", 1)
    return None if same else "its dilation differs in height and width"


def _concatenation(operands: Operands) -> Reason:
    places = [place for place, one in enumerate(operands.inputs) if one is not None and one.is_constant]
    if places and (len(operands.inputs) != 2 or any(_holds_numbers(operands, place) for place in places)):
        return "it joins constants other than zeros"
    return _no_activation(operands)


def _fully_connected(operands: Operands) -> Reason:
    if operands.option("weightsFormat"):
        return "its weights are stored in a special format"
    return None if prod(operands.result.shape[:-1]) == 1 else "its output has more than one axis"


def _not_over_the_batch(operands: Operands) -> Reason:
    if len(operands.input(0).shape) < 2:
        return None
    rank = len(operands.input(0).shape)
    return "it reduces the batch" if (operands.integers(1) % rank == 0).any() else None


def _pad(operands: Operands) -> Reason:
    with_batch = len(operands.input(0).shape) > 1
    return "it pads the batch" if with_batch and operands.integers(1)[:2].any() else None


def _softmax(operands: Operands) -> Reason:
    shape = operands.input(0).shape
    if prod(shape[:-1]) > 1:
        return "its input has more than one axis"
    return f"its input has more than {_MAX_SOFTMAX} elements" if prod(shape) > _MAX_SOFTMAX else None


def _strided_slice(operands: Operands) -> Reason:
    return "its steps are not 1" if (operands.integers(3) != 1).any() else None


def _split(operands: Operands) -> Reason:
    rank = len(operands.input(1).shape) if operands.has(2) else 0
    return "it splits the batch" if rank > 1 and (operands.integers(0) % rank == 0).any() else None


def _pack(operands: Operands) -> Reason:
    return "it packs along the batch" if operands.option("axis") == 0 and operands.result.shape[:1] != (1,) else None


def _prelu(operands: Operands) -> Reason:
    slopes = operands.optional(1)
    return "its slopes differ by position" if slopes is not None and prod(slopes.shape[:-1]) > 1 else None


def _holds_numbers(operands: Operands, place: int) -> bool:
    quantization = operands.input(place).quantization
    zero = 0 if quantization is None else quantization.zero_point[0]
    return bool((operands.integers(place) != zero).any())


_CHECKS: dict[str, Callable[[Operands], Reason]] = {
    "AVERAGE_POOL_2D": _no_activation,
    "CONCATENATION": _concatenation,
    "CONV_2D": _one_dilation,
    "DEPTHWISE_CONV_2D": _one_dilation,
    "FULLY_CONNECTED": _fully_connected,
    "MAX_POOL_2D": _no_activation,
    "MEAN": _not_over_the_batch,
    "PACK": _pack,
    "PAD": _pad,
    "PRELU": _prelu,
    "REDUCE_MAX": _not_over_the_batch,
    "REDUCE_MIN": _not_over_the_batch,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "STRIDED_SLICE": _strided_slice,
    "SUM": _not_over_the_batch,
}
