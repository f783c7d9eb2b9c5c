"""The scaling at the input of a float .tflite, from its first operators or from its metadata."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from ...errors import InputError
from ...models.opened import TensorSpec
from ...tflite.model import Operator, Subgraph, TfliteModel
from ...tflite.reader import read_tflite
from .scaling import IDENTITY, Scaling

_PASSED = frozenset(
    {"PAD", "PADV2", "MIRROR_PAD", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RESHAPE", "TRANSPOSE", "CAST"}
    | {"EXPAND_DIMS", "SQUEEZE"}
)

# Places of fields in TensorFlow's metadata_schema.fbs.
_SUBGRAPH_METADATA, _INPUT_TENSOR_METADATA, _PROCESS_UNITS = 3, 2, 4
_OPTIONS_TYPE, _OPTIONS, _MEAN, _STD = 0, 1, 0, 1
_NORMALIZATION_OPTIONS = 1


def tflite_scaling(model: bytes, spec: TensorSpec, position: int = 0) -> Scaling:
    """The scaling that a .tflite applies to one of its inputs.

    Args:
        model: the file's bytes.
        spec: the input, found by its name in the file's signature.
        position: of the input, where no signature has that name.

    Returns:
        `IDENTITY` where the first operator is another. The converter folds a scaling into a convolution that follows it
        at once, so that not finding one proves nothing.
    """
    read = read_tflite(model)
    graph, tensor, so_far = read.main, _input_tensor(read, spec, position), IDENTITY
    while True:
        users = [one for one in graph.operators if tensor in one.inputs]
        if len(users) != 1 or len(users[0].outputs) != 1:
            return so_far
        step = users[0]
        if step.name not in _PASSED:
            affine = _affine(graph, step, tensor)
            if affine is None:
                return so_far
            so_far = so_far.then(*affine, f"{step.name} ({graph.tensors[step.outputs[0]].name})")
        tensor = step.outputs[0]


def normalization_metadata(
    model: bytes, spec: TensorSpec, position: int = 0
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and std that the file's TFLite metadata gives for one of its inputs, or None where it gives none.

    Args:
        model: the file's bytes.
        spec: see `tflite_scaling`.
        position: see `tflite_scaling`.
    """
    read = read_tflite(model)
    block = read.metadata.get("TFLITE_METADATA")
    if not block:
        return None
    try:
        return _normalization(block, read.main.inputs.index(_input_tensor(read, spec, position)))
    except (struct.error, IndexError, ValueError, TypeError):
        return None


def _input_tensor(model: TfliteModel, spec: TensorSpec, position: int) -> int:
    named = dict(model.signature.inputs) if model.signature else {}
    return named.get(spec.name, model.main.inputs[position])


def _affine(graph: Subgraph, step: Operator, tensor: int) -> tuple[np.ndarray, np.ndarray] | None:
    if (
        step.name not in ("MUL", "DIV", "ADD", "SUB")
        or len(step.inputs) != 2
        or step.options.get("fusedActivationFunction", 0)
    ):
        return None
    other = step.inputs[1] if step.inputs[0] == tensor else step.inputs[0]
    if not graph.tensors[other].is_constant:
        return None
    try:
        values = graph.tensors[other].values().astype(np.float64)
    except InputError:
        return None
    if values.size > 1 and values.size != values.shape[-1]:
        return None  # one number a pixel: not a scaling of channels
    constant, one, first = values.reshape(-1), np.ones(1), step.inputs[0] == tensor
    if step.name == "MUL":
        return constant, 0 * one
    if step.name == "ADD":
        return one, constant
    if step.name == "SUB":
        return (one, -constant) if first else (-one, constant)
    return (1 / constant, 0 * one) if first and np.all(constant != 0) else None


def _normalization(block: bytes, position: int) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    import flatbuffers
    from flatbuffers.number_types import UOffsetTFlags

    root = flatbuffers.table.Table(block, flatbuffers.encode.Get(UOffsetTFlags.packer_type, block, 0))
    graphs = _tables(root, _SUBGRAPH_METADATA)
    tensors = _tables(graphs[0], _INPUT_TENSOR_METADATA) if graphs else []
    for unit in _tables(tensors[position], _PROCESS_UNITS) if position < len(tensors) else []:
        if _byte(unit, _OPTIONS_TYPE) == _NORMALIZATION_OPTIONS:
            options = _table(unit, _OPTIONS)
            mean, std = _floats(options, _MEAN), _floats(options, _STD)
            return (mean, std) if mean and std and all(one > 0 for one in std) else None
    return None


def _place(table: Any, field: int) -> int:
    return int(table.Offset(4 + 2 * field))


def _tables(table: Any, field: int) -> list[Any]:
    import flatbuffers

    place = _place(table, field)
    if not place:
        return []
    start, count = table.Vector(place), table.VectorLen(place)
    if not 0 <= count <= len(table.Bytes) // 4:
        raise ValueError("a vector longer than the block")
    return [flatbuffers.table.Table(table.Bytes, table.Indirect(start + 4 * i)) for i in range(count)]


def _table(table: Any, field: int) -> Any:
    import flatbuffers

    return flatbuffers.table.Table(table.Bytes, table.Indirect(table.Pos + _place(table, field)))


def _byte(table: Any, field: int) -> int:
    place = _place(table, field)
    return int(table.Bytes[table.Pos + place]) if place else 0


def _floats(table: Any, field: int) -> tuple[float, ...]:
    place = _place(table, field)
    if not place:
        return ()
    start, count = table.Vector(place), table.VectorLen(place)
    return tuple(float(one) for one in np.frombuffer(table.Bytes, "<f4", count, start))
