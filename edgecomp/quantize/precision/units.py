"""The parts of a network that are kept at float, or not, as a whole: an operator and what only follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...tflite import Operator, Subgraph, TfliteModel

# Operators that follow one unit only are part of it: a border between them would add conversions and save no error.
_ACTIVATIONS = {
    *("RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "PRELU", "ELU", "GELU", "HARD_SWISH", "LOGISTIC", "TANH"),
    *("ADD", "SUB", "MUL", "DIV", "MINIMUM", "MAXIMUM", "ABS", "NEG", "SQUARE", "SQRT", "RSQRT", "EXP", "LOG"),
}
# These move values about and add no error of their own.
_MOVES = {
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PAD", "PADV2", "MIRROR_PAD", "MAX_POOL_2D"),
    *("SLICE", "STRIDED_SLICE", "GATHER", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "RESIZE_NEAREST_NEIGHBOR"),
}
CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})


@dataclass(frozen=True)
class Unit:
    """An operator of the main graph, with the activation functions and moves of data behind it.

    Args:
        name: of the tensor that its first operator computes.
        op: the operators' names, as "CONV_2D+LOGISTIC+MUL".
        operators: their indices in the float file.
        tensors: names of the tensors they compute, which is how `quantize` is told to keep them at float.
    """

    name: str
    op: str
    operators: tuple[int, ...]
    tensors: tuple[str, ...]


def find_units(model: TfliteModel) -> tuple[Unit, ...]:
    """Divides the main graph of a float file.

    An activation function (also one that the converter spelled out, as a SiLU is LOGISTIC and MUL) or an operator that
    only moves values belongs to the unit that computes everything it takes; every other operator starts one.

    Returns:
        The units in the order of their first operators.
    """
    graph = model.main
    unit_of: dict[int, int] = {}
    members: list[list[Operator]] = []
    for operator in graph.operators:
        number = _followed(graph, operator, unit_of)
        if number is None:
            number = len(members)
            members.append([])
        members[number].append(operator)
        if not operator.subgraphs:  # loops stay float in any case; what follows them need not
            unit_of.update(dict.fromkeys(operator.outputs, number))
    return tuple(_unit(graph, operators) for operators in members)


def integer_units(units: Sequence[Unit], quantized: TfliteModel) -> tuple[Unit, ...]:
    """Those of which the quantized file computes anything in integers; the others are float already.

    Args:
        units: of the float file that `quantized` was made from.
        quantized: has the same operators in the same order, and conversions between them.
    """
    operators = computing_operators(quantized)
    integers = {
        index
        for index, operator in enumerate(operators)
        if any(tensor.quantization for tensor in quantized.main.tensors_of(operator.outputs))
    }
    return tuple(unit for unit in units if not integers.isdisjoint(unit.operators))


def computing_operators(model: TfliteModel) -> tuple[Operator, ...]:
    """The operators of the main graph without conversions: the same ones, in the same order, however quantized."""
    return tuple(operator for operator in model.main.operators if operator.name not in CONVERSIONS)


def _followed(graph: Subgraph, operator: Operator, unit_of: dict[int, int]) -> int | None:
    """The unit that an operator only follows; None where it starts one."""
    if operator.name not in _ACTIVATIONS | _MOVES:
        return None
    computed = [tensor.index for tensor in graph.tensors_of(operator.inputs) if not tensor.is_constant]
    sources = {unit_of.get(index) for index in computed}
    return sources.pop() if len(sources) == 1 else None  # None too where the graph's input is the only source


def _unit(graph: Subgraph, operators: Sequence[Operator]) -> Unit:
    tensors = tuple(tensor.name for operator in operators for tensor in graph.tensors_of(operator.outputs))
    return Unit(
        name=tensors[0] if tensors else operators[0].name,
        op="+".join(operator.name for operator in operators),
        operators=tuple(operator.index for operator in operators),
        tensors=tensors,
    )
