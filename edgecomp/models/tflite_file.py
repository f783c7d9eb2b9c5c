"""Opens float .tflite files: checked to be float, with every size known."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .layers import first_line
from .opened import TensorSpec
from .signature import FixInput, unique_legal_names

_DTYPES = {0: "float32", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16", 9: "int8"}  # TensorType
_FLOAT16, _STRING = 1, 5
_DAMAGED = "copy or convert the model again"


def open_tflite(path: Path, fix_input: FixInput) -> tuple[bytes, tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Opens a float .tflite file.

    Returns:
        the file's bytes (rewritten where sizes had to be fixed), its inputs and its outputs.

    Raises:
        InputError: the file is damaged, already quantized, takes text, or leaves sizes open that were not given.
    """
    content = path.read_bytes()
    _interpreter(content, path)  # its verifier finds damage that reading in Python does not
    try:
        model = _parse(content)
        _check_float(model, path)
        graph = model.subgraphs[0]
        given = [_wanted_shape(graph.tensors[index], fix_input) for index in graph.inputs]
        if any(list(graph.tensors[i].shape) != list(shape) for i, shape in zip(graph.inputs, given, strict=True)):
            content = _resized(content, model, given, path)
            model = _parse(content)
        return content, _specs(model, "inputs"), _specs(model, "outputs")
    except (struct.error, IndexError, TypeError, AttributeError, KeyError, ValueError) as error:
        raise InputError(f"{path} cannot be read as .tflite ({first_line(error)}): {_DAMAGED}") from error


def _interpreter(content: bytes, path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    try:
        return Interpreter(model_content=content)
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{path} is a damaged .tflite ({first_line(error)}): {_DAMAGED}") from error


def _parse(content: bytes) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def _check_float(model: Any, path: Path) -> None:
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            scale = tensor.quantization.scale if tensor.quantization is not None else None
            if scale is not None and len(scale) > 0 and tensor.type not in (0,):
                raise InputError(
                    f"{path} is already quantized (the tensor {_text(tensor.name)} is {_DTYPES.get(tensor.type)}): "
                    "give the float model it was made from"
                )
            if tensor.type == _FLOAT16:
                raise InputError(
                    f"{path} keeps its weights as float16 (the tensor {_text(tensor.name)}): "
                    "give the float32 model it was made from"
                )
    for index in (*model.subgraphs[0].inputs, *model.subgraphs[0].outputs):
        if model.subgraphs[0].tensors[index].type == _STRING:
            raise InputError(f"{path} takes or gives text: give a model that takes numbers")


def _wanted_shape(tensor: Any, fix_input: FixInput) -> tuple[int, ...]:
    shape = [int(size) for size in tensor.shape] if tensor.shape is not None else []
    signature = tensor.shapeSignature
    if signature is not None and len(signature) == len(shape):
        shape = [-1 if known < 0 else size for size, known in zip(shape, signature, strict=True)]
    unknown: tuple[int | None, ...] = tuple(None if size < 0 else size for size in shape)
    fixed = fix_input(_input_name(_text(tensor.name)), (None, *unknown[1:]) if unknown else ())
    return (1, *(int(size) for size in fixed[1:] if size is not None))


def _resized(content: bytes, model: Any, shapes: list[tuple[int, ...]], path: Path) -> bytes:
    """The file with its inputs at the wanted sizes, and every other tensor at what follows from them."""
    import flatbuffers

    interpreter = _interpreter(content, path)
    graph = model.subgraphs[0]
    try:
        for index, shape in zip(graph.inputs, shapes, strict=True):
            interpreter.resize_tensor_input(int(index), list(shape))
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"{path} cannot take inputs of the sizes {shapes} ({first_line(error)}): give others with --input-shape"
        ) from error
    for index, tensor in enumerate(graph.tensors):
        detail = interpreter._get_tensor_details(index, 0)
        tensor.shape = np.asarray(detail["shape"], np.int32)
        tensor.shapeSignature = None
    builder = flatbuffers.Builder(len(content) + 1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _specs(model: Any, side: str) -> tuple[TensorSpec, ...]:
    graph = model.subgraphs[0]
    indices = [int(index) for index in getattr(graph, side)]
    named = _signature_names(model, side)
    names = unique_legal_names([named.get(index) or _input_name(_text(graph.tensors[index].name)) for index in indices])
    tensors = [graph.tensors[index] for index in indices]
    return tuple(
        TensorSpec(name, tuple(int(size) for size in tensor.shape), _DTYPES[tensor.type])
        for name, tensor in zip(names, tensors, strict=True)
    )


def _signature_names(model: Any, side: str) -> dict[int, str]:
    if not model.signatureDefs:
        return {}
    return {int(one.tensorIndex): _text(one.name) for one in getattr(model.signatureDefs[0], side) or ()}


def _input_name(tensor: str) -> str:
    """A tensor's name without what the converter adds: `serving_default_image:0` is `image`."""
    return re.sub(r":\d+$", "", tensor).removeprefix("serving_default_") or "input"


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
