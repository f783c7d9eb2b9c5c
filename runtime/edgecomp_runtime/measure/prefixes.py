"""The first operators of a network as a network of their own, so that they can be timed.

A prefix is the same file with three places changed: the main graph's list of operators says that it is shorter, its
outputs are those of the cut, and the signatures, which name other outputs, are gone. No library that writes
.tflite files is needed for that, and a device has none. Weights behind the cut stay, and cost nothing but their bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import InputError
from ..flatbuffer_check import check_whole

# Fields of schema.fbs, version 3
_SUBGRAPHS, _SIGNATURES = 2, 7
_OUTPUTS, _OPERATORS = 2, 3


@dataclass(frozen=True)
class Operator:
    """An operator of the main graph.

    Args:
        index: its place.
        name: what it does ("CONV_2D").
        inputs: the tensors it reads, by index.
        outputs: the tensors it writes.
        output_name: the name of the first of them, which often tells the layer it came from.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    output_name: str


def read_operators(interpreter: Any) -> tuple[Operator, ...]:
    """The operators of an interpreter's model, in their order.

    Args:
        interpreter: without delegates, which would hide operators behind their own.
    """
    names = {int(one["index"]): str(one["name"]) for one in interpreter.get_tensor_details()}
    return tuple(
        Operator(
            index=int(one["index"]),
            name=str(one["op_name"]),
            inputs=tuple(int(index) for index in one["inputs"] if index >= 0),
            outputs=tuple(int(index) for index in one["outputs"] if index >= 0),
            output_name=next((names.get(int(index), "") for index in one["outputs"]), ""),
        )
        for one in interpreter._get_ops_details()
    )


def needed_behind(operators: Sequence[Operator], count: int, results: Sequence[int]) -> tuple[int, ...]:
    """The tensors that the first operators compute and later ones, or the caller, read.

    With these as outputs, nothing in a prefix is computed in vain.

    Args:
        operators: of the whole graph.
        count: how many are in the prefix; at least 1.
        results: the outputs of the whole graph.
    """
    computed = [index for one in operators[:count] for index in one.outputs]
    read = {index for one in operators[count:] for index in one.inputs} | set(results)
    # Where nobody reads what they compute, the last one's result stands for it.
    return tuple(index for index in computed if index in read) or tuple(computed[-1:])


def cut(model: bytes, count: int, outputs: Sequence[int]) -> bytes:
    """The network cut off behind some of its operators.

    Args:
        model: a .tflite.
        count: operators of the main graph that stay; 0 leaves a network that does nothing.
        outputs: tensors of the main graph that it gives out.

    Raises:
        InputError: the file is damaged, or its main graph has fewer operators or no outputs.
    """
    check_whole(model)
    changed = bytearray(model)
    root = _unsigned(changed, 0)
    graphs = _field(changed, root, _SUBGRAPHS)
    if graphs is None or not _unsigned(changed, _followed(changed, graphs)):
        raise InputError("the model has no graph")
    first = _followed(changed, graphs) + 4
    graph = _followed(changed, first)
    operators, results = _field(changed, graph, _OPERATORS), _field(changed, graph, _OUTPUTS)
    if operators is None or results is None or not 0 <= count <= _unsigned(changed, _followed(changed, operators)):
        raise InputError(f"the model's main graph has no outputs, or fewer than {count} operators")
    _put(changed, _followed(changed, operators), count)
    signatures = _field(changed, root, _SIGNATURES)
    if signatures is not None:
        _put(changed, _followed(changed, signatures), 0)
    changed += bytes(-len(changed) % 4)
    _put(changed, results, len(changed) - results)
    changed += struct.pack(f"<I{len(outputs)}i", len(outputs), *outputs)
    return bytes(changed)


def _field(data: bytearray, table: int, number: int) -> Optional[int]:
    """Where a table's field lies, or None where the table leaves it out."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    (size,) = struct.unpack_from("<H", data, vtable)
    place = 4 + 2 * number
    (offset,) = struct.unpack_from("<H", data, vtable + place) if place + 2 <= size else (0,)
    return table + int(offset) if offset else None


def _followed(data: bytearray, place: int) -> int:
    return place + _unsigned(data, place)


def _unsigned(data: bytearray, place: int) -> int:
    return int(struct.unpack_from("<I", data, place)[0])


def _put(data: bytearray, place: int, number: int) -> None:
    struct.pack_into("<I", data, place, number)
