"""Which operators of a quantized .tflite are those of the float one, and what lies between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from ..errors import InputError
from ..tflite import Operator, Subgraph, Tensor, TfliteModel

CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
"""What the quantizer puts between operators."""


@dataclass(frozen=True)
class Pair:
    """One operator in both files."""

    plain: Operator
    quantized: Operator


@dataclass(frozen=True)
class Chain:
    """How a value gets to its reader.

    Args:
        source: the tensor that an operator other than a conversion writes, or an input of the graph.
        passed: indices of the tensors behind it that conversions write, the last one being read.
    """

    source: Tensor
    passed: tuple[int, ...]


def pair_operators(plain: TfliteModel, quantized: TfliteModel) -> list[Pair]:
    """The operators of both main graphs, in the order in which they run.

    Raises:
        InputError: they are not the same network.
    """
    others = [one for one in quantized.main.operators if one.name not in CONVERSIONS]
    pairs = []
    for operator, other in zip_longest(plain.main.operators, others):
        if operator is None or other is None or _shape_of(operator) != _shape_of(other):
            place = "end" if operator is None else f"operator {operator.index} ({operator.name})"
            raise InputError(
                f"the quantized .tflite is not made from this float one: they differ at the {place}. "
                "Give both files as one conversion left them."
            )
        pairs.append(Pair(operator, other))
    return pairs


def source_of(graph: Subgraph, index: int) -> Chain:
    """Follows a tensor back through conversions."""
    conversions = {one.outputs[0]: one.inputs[0] for one in graph.operators if one.name in CONVERSIONS}
    passed = []
    while index in conversions:
        passed.append(index)
        index = conversions[index]
    return Chain(graph.tensors[index], tuple(reversed(passed)))


def _shape_of(operator: Operator) -> tuple[str, int, int]:
    return operator.name, len(operator.inputs), len(operator.outputs)
