"""Floats at the edges of an integer .tflite: QUANTIZE behind each integer input, DEQUANTIZE before each such output.

For runtimes that hand integers neither in nor out, LiteRT.js above all. What lies between stays as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecomp.errors import InputError

from .model import Tensor
from .packing import pack, schema, unpack
from .reader import read_tflite

INTEGERS = ("int8", "int16")
"""Stored dtypes that get a float tensor around them."""


def with_float_edges(data: bytes) -> bytes:
    """Puts float32 tensors around the quantized inputs and outputs of the main graph, under the same names.

    Args:
        data: a .tflite file.

    Returns:
        The file with as many inputs and outputs, in the same order, its signatures pointing to the new tensors. A real
        number that goes in is rounded to the nearest step, one that comes out is a whole number of steps.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss.
    """
    tensors = read_tflite(data).main.tensors
    model = unpack(data)
    graph = model.subgraphs[0]
    before, after = [], []
    moved_in: dict[int, int] = {}
    moved_out: dict[int, int] = {}
    for index in _once(graph.inputs):
        if _is_integer(tensors[index]):
            moved_in[index] = _float_twin(graph, index)
            before.append(_operator(model, "QUANTIZE", moved_in[index], index))
    for index in _once(graph.outputs):
        if _is_integer(tensors[index]):
            moved_out[index] = _float_twin(graph, index)
            after.append(_operator(model, "DEQUANTIZE", index, moved_out[index]))
    graph.operators = [*before, *(graph.operators or ()), *after]
    graph.inputs = np.array([moved_in.get(int(one), int(one)) for one in graph.inputs], np.int32)
    graph.outputs = np.array([moved_out.get(int(one), int(one)) for one in graph.outputs], np.int32)
    for signature in model.signatureDefs or ():
        if signature.subgraphIndex == 0:
            _point(signature.inputs, moved_in)
            _point(signature.outputs, moved_out)
    return pack(model, data)


def _is_integer(tensor: Tensor) -> bool:
    if tensor.dtype not in INTEGERS or tensor.quantization is None:
        return False
    if len(tensor.quantization.scale) != 1:
        raise InputError(f"tensor {tensor.name} has a scale per channel, which no input or output may have")
    return True


def _once(indices: Any) -> list[int]:
    return list(dict.fromkeys(int(one) for one in indices))


def _float_twin(graph: Any, index: int) -> int:
    """A float tensor of the same shape, which takes over the name."""
    old = graph.tensors[index]
    new = schema().TensorT(
        shape=old.shape, shapeSignature=old.shapeSignature, type=schema().TensorType.FLOAT32, buffer=0, name=old.name
    )
    new.hasRank = old.hasRank
    name: Any = old.name or b""
    old.name = name + (b"/stored" if isinstance(name, bytes) else "/stored")
    graph.tensors.append(new)
    return len(graph.tensors) - 1


def _operator(model: Any, name: str, source: int, target: int) -> Any:
    tables = schema()
    code = getattr(tables.BuiltinOperator, name)
    options = {"QUANTIZE": tables.QuantizeOptionsT, "DEQUANTIZE": tables.DequantizeOptionsT}[name]
    kind = {"QUANTIZE": tables.BuiltinOptions.QuantizeOptions, "DEQUANTIZE": tables.BuiltinOptions.DequantizeOptions}
    return tables.OperatorT(
        opcodeIndex=_code(model, code),
        inputs=np.array([source], np.int32),
        outputs=np.array([target], np.int32),
        builtinOptionsType=kind[name],
        builtinOptions=options(),
    )


def _code(model: Any, builtin: int) -> int:
    """The place of an operator's code in the file's list."""
    for place, one in enumerate(model.operatorCodes):
        if max(one.builtinCode, one.deprecatedBuiltinCode) == builtin:
            one.version = max(one.version, _VERSION)
            return place
    model.operatorCodes.append(
        schema().OperatorCodeT(deprecatedBuiltinCode=builtin, builtinCode=builtin, version=_VERSION)
    )
    return len(model.operatorCodes) - 1


# Of both operators: from 2 on DEQUANTIZE knows int8, from 3 on int16; QUANTIZE knew both in 1.
# tensorflow/lite/tools/versioning/op_version.cc
_VERSION = 3


def _point(maps: Any, moved: dict[int, int]) -> None:
    for one in maps or ():
        one.tensorIndex = moved.get(int(one.tensorIndex), one.tensorIndex)
