"""Operators of a float .tflite written as others that the quantizer can make integers of; it computes the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...tflite import Operator, Subgraph, read_tflite
from ...tflite.packing import AlignedBuffer, pack, schema, unpack


def rewrite(data: bytes) -> bytes:
    """Rewrites operators of the main graph that compute float32, in place; tensors keep their names and order.

    A SQUARE becomes a product with itself, a NEG a product with -1, and a TILE that repeats axes of size 1 (nearest
    upsampling) a BROADCAST_TO.

    Args:
        data: a float .tflite.

    Returns:
        The file, with constants added behind its tensors; `data` itself where there is nothing to rewrite.
    """
    graph = read_tflite(data).main
    found = [operator for operator in graph.operators if operator.name in _REWRITE and _applies(graph, operator)]
    if not found:
        return data
    model = unpack(data)
    for operator in found:
        _REWRITE[operator.name](model, graph, operator)
    return pack(model, data)


def set_operator(model: Any, operator: Any, name: str, version: int = 1) -> None:
    """Gives an unpacked operator another name, by an entry of the model's list of codes or a new one."""
    code = getattr(schema().BuiltinOperator, name)
    for place, known in enumerate(model.operatorCodes):
        if known.builtinCode == code and known.version == version:
            operator.opcodeIndex = place
            return
    # Codes from 127 on do not fit the older of the two fields.
    older = min(code, schema().BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
    model.operatorCodes.append(schema().OperatorCodeT(deprecatedBuiltinCode=older, builtinCode=code, version=version))
    operator.opcodeIndex = len(model.operatorCodes) - 1


def _applies(graph: Subgraph, operator: Operator) -> bool:
    source, output = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
    if output.dtype != "float32":
        return False
    if operator.name != "TILE":
        return True
    repeated = [before for before, after in zip(source.shape, output.shape, strict=True) if before != after]
    return not (source.dynamic or output.dynamic) and set(repeated) <= {1}


def _square(model: Any, graph: Subgraph, operator: Operator) -> None:
    _multiply(model, operator, operator.inputs[0])


def _negative(model: Any, graph: Subgraph, operator: Operator) -> None:
    _multiply(model, operator, _constant(model, np.array([-1], np.float32), "FLOAT32"))


def _multiply(model: Any, operator: Operator, factor: int) -> None:
    table = model.subgraphs[0].operators[operator.index]
    set_operator(model, table, "MUL")
    table.inputs = np.array([operator.inputs[0], factor], np.int32)
    table.builtinOptionsType = schema().BuiltinOptions.MulOptions
    table.builtinOptions = schema().MulOptionsT()


def _broadcast(model: Any, graph: Subgraph, operator: Operator) -> None:
    shape = np.array(graph.tensors[operator.outputs[0]].shape, np.int32)
    table = model.subgraphs[0].operators[operator.index]
    set_operator(model, table, "BROADCAST_TO", version=3)  # the first one that takes int8
    table.inputs = np.array([operator.inputs[0], _constant(model, shape, "INT32")], np.int32)
    table.builtinOptionsType = schema().BuiltinOptions.BroadcastToOptions
    table.builtinOptions = schema().BroadcastToOptionsT()


def _constant(model: Any, values: np.ndarray, dtype: str) -> int:
    """Adds a constant to the main graph and gives its index."""
    tensors = model.subgraphs[0].tensors
    model.buffers.append(AlignedBuffer(values.view(np.uint8)))
    tensors.append(
        schema().TensorT(
            shape=np.array(values.shape, np.int32),
            type=getattr(schema().TensorType, dtype),
            buffer=len(model.buffers) - 1,
            name=f"rewritten/{len(tensors)}",
        )
    )
    return len(tensors) - 1


_REWRITE: Mapping[str, Callable[[Any, Subgraph, Operator], None]] = {
    "SQUARE": _square,
    "NEG": _negative,
    "TILE": _broadcast,
}
