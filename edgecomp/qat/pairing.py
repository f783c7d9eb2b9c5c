"""Which operators of a quantized .tflite are those of the float one, and what lies between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from ..errors import InputError
from ..tflite import Operator, Subgraph, Tensor

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


def pair_operators(plain: Subgraph, quantized: Subgraph) -> list[Pair]:
    """The operators of both graphs, in the order in which they run.

    Raises:
        InputError: they are not the same network.
    """
    others = [one for one in quantized.operators if one.name not in CONVERSIONS]
    pairs = []
    for operator, other in zip_longest(plain.operators, others):
        if operator is None or other is None or _kind(operator) != _kind(other):
            place = "end" if operator is None else f"operator {operator.index} ({operator.name})"
            raise InputError(
                f"the quantized .tflite is not made from this float one: they differ at the {place}. "
                "Give both files as one conversion left them."
            )
        pairs.append(Pair(operator, other))
    return pairs


def chains_to(graph: Subgraph) -> dict[int, Chain]:
    """How each tensor of a quantized graph came about, by index."""
    chains = {tensor.index: Chain(tensor, ()) for tensor in graph.tensors}
    for operator in graph.operators:
        if operator.name in CONVERSIONS:
            before, written = chains[operator.inputs[0]], operator.outputs[0]
            chains[written] = Chain(before.source, (*before.passed, written))
    return chains


def _kind(operator: Operator) -> tuple[str, int, int]:
    return operator.name, len(operator.inputs), len(operator.outputs)
