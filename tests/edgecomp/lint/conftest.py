"""Small .tflite files written tensor by tensor, without a converter, so that they can be anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema


class Draft:
    """A graph under construction. Tensors are named after their layer, as the converter names them."""

    def __init__(self) -> None:
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[Any] = []
        self._buffers: list[Any] = [schema.BufferT()]

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str = "float32",
        *,
        values: Any = None,
        scale: float | Sequence[float] | None = None,
        zero_point: int = 0,
        axis: int = 0,
        signature: Sequence[int] | None = None,
        layer: str | None = None,
    ) -> int:
        """Adds a tensor, a constant where `values` are given. Integers of 8 bits get a scale unless told otherwise.

        Args:
            scale: 0 for a tensor of 8 bits without quantization.
        """
        one = schema.TensorT()
        one.name = f"net/{layer or f'layer{len(self._tensors)}'}/op"
        one.shape = np.array(shape, np.int32)
        one.type = getattr(schema.TensorType, dtype.upper())
        if signature is not None:
            one.shapeSignature = np.array(signature, np.int32)
        if values is not None:
            buffer = schema.BufferT()
            if dtype == "int4":  # two to a byte; only zeros are ever stored
                stored = np.zeros(-(-int(np.prod(shape)) // 2), np.uint8)
            else:
                stored = np.broadcast_to(np.asarray(values).astype(dtype), shape)
            buffer.data = np.frombuffer(np.ascontiguousarray(stored).tobytes(), np.uint8)
            self._buffers.append(buffer)
        one.buffer = len(self._buffers) - 1 if values is not None else 0
        if scale is None and dtype in ("int8", "uint8"):
            scale = 0.1
        if scale:
            one.quantization = schema.QuantizationParametersT()
            one.quantization.scale = np.atleast_1d(np.array(scale, np.float32))
            one.quantization.zeroPoint = np.full(one.quantization.scale.size, zero_point, np.int64)
            one.quantization.quantizedDimension = axis
        self._tensors.append(one)
        return len(self._tensors) - 1

    def operator(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], version: int = 1, **options: Any
    ) -> None:
        """Adds an operator; `kind` among the options is the schema's table of options where its name differs."""
        code = schema.OperatorCodeT()
        custom = not hasattr(schema.BuiltinOperator, name)
        code.builtinCode = schema.BuiltinOperator.CUSTOM if custom else getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.customCode = name if custom else None
        code.version = version
        self._codes.append(code)
        one = schema.OperatorT()
        one.opcodeIndex = len(self._codes) - 1
        one.inputs, one.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        if options:
            kind = options.pop("kind")
            one.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            one.builtinOptions = getattr(schema, f"{kind}T")()
            for option, value in options.items():
                assert hasattr(one.builtinOptions, option)
                setattr(one.builtinOptions, option, value)
        self._operators.append(one)

    def file(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        model = schema.ModelT()
        model.version = 3
        model.subgraphs, model.operatorCodes, model.buffers = [graph], self._codes, self._buffers
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


@pytest.fixture
def new_draft() -> Callable[[], Draft]:
    return Draft
