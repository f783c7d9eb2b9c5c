"""Reads a .tflite into frozen data; every index in it is checked, so that what follows can rely on them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgecomp.errors import InputError

from .bounded import BROKEN, BoundedFlatbuffer, DamagedError
from .model import DTYPE_BITS, Operator, Quantization, Signature, Subgraph, Tensor, TfliteModel

FILE_IDENTIFIER = b"TFL3"
# Offsets in a flatbuffer are 32 bits, signed in places.
MAX_BYTES = 2**31 - 1
# TFLite's kernels stop at 8 axes; some files carry a few more through reshapes.
MAX_RANK = 64
# Far above any memory; keeps sums of sizes within 64 bits.
MAX_ELEMENTS = 2**44
# Where a table of type Buffer keeps the place of its `data`, the first field.
_BUFFER_DATA_SLOT = 4


def read_tflite(source: bytes | str | Path, name: str | None = None) -> TfliteModel:
    """Reads a .tflite file.

    Args:
        source: the file's bytes, or its path.
        name: what error messages call it; the path by default.

    Returns:
        The model; constants are views of the file's bytes, not copies.

    Raises:
        InputError: it cannot be read, is not a .tflite, or is truncated or damaged.
    """
    name = name or (str(source) if isinstance(source, (str, Path)) else "the .tflite")
    data = source if isinstance(source, bytes) else _file_bytes(Path(source))
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is {len(data)} bytes; a .tflite over 2 GB cannot be read: use a smaller model")
    if len(data) < 8 or data[4:8] != FILE_IDENTIFIER:
        raise InputError(
            f"{name} is not a .tflite: the mark TFL3 is missing at byte 4; check that this is the right file"
        )
    try:
        return _Reader(data).model()
    except DamagedError as error:
        raise InputError(f"{name} is damaged: {error}; copy or export it again") from error
    except BROKEN as error:
        raise InputError(
            f"{name} is damaged or truncated: its flatbuffer cannot be followed; copy or export it again"
        ) from error


def _file_bytes(path: Path) -> bytes:
    if os.path.isdir(path):  # unlike Path.is_dir, False for what cannot be looked at
        raise InputError(f"{path} is a folder, not a .tflite file; give the file in it")
    if not os.path.isfile(path):
        raise InputError(f"{path} does not exist or is not a file; check the path")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


class _Reader:
    """One pass over one file; what it gives is frozen."""

    def __init__(self, data: bytes) -> None:
        from ai_edge_litert import schema_py_generated

        self._schema = schema_py_generated
        self._data = data
        self._file = BoundedFlatbuffer(data)
        self._has_data_behind = False
        self._dtypes = _names_by_value(schema_py_generated.TensorType)
        self._builtins = _names_by_value(schema_py_generated.BuiltinOperator)

    def model(self) -> TfliteModel:
        model = self._schema.Model.GetRootAs(self._data, 0)
        for group in self._file.tables(model, "ExternalBufferGroups"):
            self._file.text(group.Name())
        for buffer in self._file.tables(model, "ExternalBuffers"):
            self._file.text(buffer.Packing())
        buffers = [self._buffer(one) for one in self._file.tables(model, "Buffers")]
        codes = [self._operator_code(one) for one in self._file.tables(model, "OperatorCodes")]
        graphs = [
            self._subgraph(index, one, codes, buffers)
            for index, one in enumerate(self._file.tables(model, "Subgraphs"))
        ]
        if not graphs:
            raise DamagedError("it has no graph")
        _check_calls(graphs)
        return TfliteModel(
            nbytes=len(self._data),
            subgraphs=tuple(graphs),
            signatures=tuple(self._signature(one, graphs) for one in self._file.tables(model, "SignatureDefs")),
            metadata=dict(self._metadata(one, buffers) for one in self._file.tables(model, "Metadata")),
            description=self._file.text(model.Description()),
            has_data_behind=self._has_data_behind,
        )

    def _metadata(self, entry: Any, buffers: list[memoryview]) -> tuple[str, bytes]:
        content = _at(buffers, entry.Buffer(), "a metadata block", "buffer")
        self._file.spend(len(content))
        return self._file.text(entry.Name()), bytes(content)

    def _buffer(self, buffer: Any) -> memoryview:
        """The bytes, which lie inside the flatbuffer or, as litert-quantizer places them, behind it."""
        if buffer.Offset() > 1:
            self._has_data_behind = True
            return self._file.slice(buffer.Offset(), buffer.Size())
        if buffer.DataIsNone():
            return memoryview(b"")
        return self._file.slice(buffer._tab.Vector(buffer._tab.Offset(_BUFFER_DATA_SLOT)), buffer.DataLength())

    def _operator_code(self, code: Any) -> tuple[str, bool]:
        """The operator's name and whether it is custom. Codes above 126 do not fit the older of the two fields."""
        value = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if value == self._schema.BuiltinOperator.CUSTOM:
            return self._file.text(code.CustomCode()) or "CUSTOM", True
        if value not in self._builtins:
            raise DamagedError(f"operator code {value} is unknown to this version of LiteRT")
        return self._builtins[value], False

    def _subgraph(self, index: int, graph: Any, codes: list[tuple[str, bool]], buffers: list[memoryview]) -> Subgraph:
        tensors = tuple(
            self._tensor(place, one, buffers) for place, one in enumerate(self._file.tables(graph, "Tensors"))
        )
        operators = tuple(
            self._operator(place, one, codes, len(tensors))
            for place, one in enumerate(self._file.tables(graph, "Operators"))
        )
        return Subgraph(
            index=index,
            name=self._file.text(graph.Name()),
            tensors=tensors,
            operators=operators,
            inputs=self._indices(graph, "Inputs", len(tensors), f"graph {index}", optional=False),
            outputs=self._indices(graph, "Outputs", len(tensors), f"graph {index}", optional=False),
        )

    def _tensor(self, index: int, tensor: Any, buffers: list[memoryview]) -> Tensor:
        where = f"tensor {index}"
        shape = tuple(self._file.numbers(tensor, "Shape"))
        if len(shape) > MAX_RANK or any(size < 0 for size in shape):
            raise DamagedError(f"{where} has an impossible shape of {len(shape)} axes")
        dtype = self._dtypes.get(tensor.Type())
        if dtype is None:
            raise DamagedError(f"{where} has the unknown dtype {tensor.Type()}")
        self._visit_rare_lists(tensor)
        read = Tensor(
            index=index,
            name=self._file.text(tensor.Name()),
            shape=shape,
            dtype=dtype.lower(),
            buffer_index=tensor.Buffer(),
            buffer=_at(buffers, tensor.Buffer(), where, "buffer"),
            quantization=self._quantization(where, tensor, len(shape)),
            shape_signature=tuple(self._file.numbers(tensor, "ShapeSignature")) or shape,
            is_variable=bool(tensor.IsVariable()),
            sparse=tensor.Sparsity() is not None,
            external=tensor.ExternalBuffer() != 0,
        )
        if read.elements > MAX_ELEMENTS:
            raise DamagedError(f"{where} has the impossible shape {list(shape)}")
        dense = read.is_constant and not (read.sparse or read.external) and read.dtype in DTYPE_BITS
        if dense and read.nbytes != len(read.buffer):
            raise DamagedError(
                f"{where} needs {read.nbytes} bytes for its shape {list(shape)} but has {len(read.buffer)}"
            )
        return read

    def _visit_rare_lists(self, tensor: Any) -> None:
        """Counts the lists that only unpacking for an edit visits."""
        quantization, sparsity = tensor.Quantization(), tensor.Sparsity()
        if quantization is not None:
            self._file.spend(4 * (quantization.MinLength() + quantization.MaxLength()))
            create = self._schema.QuantizationDetailsCreator
            self._file.union(create, quantization.DetailsType(), quantization.Details())
        if sparsity is not None:
            self._file.spend(4 * (sparsity.TraversalOrderLength() + sparsity.BlockMapLength()))
            create = self._schema.SparseIndexVectorCreator
            for axis in self._file.tables(sparsity, "DimMetadata"):
                self._file.union(create, axis.ArraySegmentsType(), axis.ArraySegments())
                self._file.union(create, axis.ArrayIndicesType(), axis.ArrayIndices())
        for variant in self._file.tables(tensor, "VariantTensors"):
            self._file.spend(4 * variant.ShapeLength())

    def _quantization(self, where: str, tensor: Any, rank: int) -> Quantization | None:
        stored = tensor.Quantization()
        if stored is None or stored.ScaleIsNone() or stored.ScaleLength() == 0:
            return None
        scale = tuple(self._file.numbers(stored, "Scale"))
        zero_point = tuple(self._file.numbers(stored, "ZeroPoint")) or (0,) * len(scale)
        axis = stored.QuantizedDimension()
        if not np.isfinite(scale).all():
            raise DamagedError(f"{where} has a quantization scale that is not finite")
        if len(zero_point) != len(scale):
            raise DamagedError(f"{where} has {len(scale)} scales but {len(zero_point)} zero points")
        if len(scale) > 1 and not 0 <= axis < rank:
            raise DamagedError(f"{where} is quantized along axis {axis} but has {rank} axes")
        return Quantization(scale, zero_point, axis)

    def _operator(self, index: int, operator: Any, codes: list[tuple[str, bool]], tensors: int) -> Operator:
        where = f"operator {index}"
        name, custom = _at(codes, operator.OpcodeIndex(), where, "operator code")
        self._file.spend(operator.CustomOptionsLength() + operator.MutatingVariableInputsLength())
        self._file.spend(4 * operator.IntermediatesLength() + operator.LargeCustomOptionsSize())
        options = self._options(operator)
        return Operator(
            index=index,
            name=name,
            inputs=self._indices(operator, "Inputs", tensors, where, optional=True),
            outputs=self._indices(operator, "Outputs", tensors, where, optional=True),
            options=options,
            custom=custom,
            subgraphs=tuple(int(value) for key, value in options.items() if _is_graph_index(key)),
        )

    def _options(self, operator: Any) -> Mapping[str, float | int | bool]:
        """The scalars among the options; lists (new shapes, squeezed axes) repeat what tensors say."""
        fields = self._file.union(
            self._schema.BuiltinOptionsCreator, operator.BuiltinOptionsType(), operator.BuiltinOptions()
        ) | self._file.union(
            self._schema.BuiltinOptions2Creator, operator.BuiltinOptions2Type(), operator.BuiltinOptions2()
        )
        return {key: value for key, value in fields.items() if isinstance(value, (int, float))}

    def _indices(self, owner: Any, field: str, count: int, where: str, *, optional: bool) -> tuple[int, ...]:
        indices = tuple(self._file.numbers(owner, field))
        lowest = -1 if optional else 0
        for index in indices:
            if not lowest <= index < count:
                raise DamagedError(f"{where} names tensor {index} of {count}")
        return indices

    def _signature(self, signature: Any, graphs: list[Subgraph]) -> Signature:
        key, index = self._file.text(signature.SignatureKey()), signature.SubgraphIndex()
        graph = _at(graphs, index, f"signature {key!r}", "graph")

        def tensors(field: str) -> tuple[tuple[str, int], ...]:
            pairs = tuple(
                (self._file.text(one.Name()), one.TensorIndex()) for one in self._file.tables(signature, field)
            )
            for name, place in pairs:
                _at(graph.tensors, place, f"{name!r} of signature {key!r}", "tensor")
            return pairs

        return Signature(key=key, subgraph=index, inputs=tensors("Inputs"), outputs=tensors("Outputs"))


def _check_calls(graphs: list[Subgraph]) -> None:
    """Control flow must lead to other graphs, and never back to one that is already running."""
    finished: set[int] = set()
    for start in range(len(graphs)):
        running = {start: _callees(graphs, start)}
        while running:
            index = next(reversed(running))
            callee = next(running[index], None)
            if callee is None:
                finished.add(index)
                del running[index]
            elif callee in running:
                raise DamagedError(f"graph {callee} runs itself")
            elif callee not in finished:
                running[callee] = _callees(graphs, callee)


def _callees(graphs: list[Subgraph], index: int) -> Iterator[int]:
    for operator in graphs[index].operators:
        for callee in operator.subgraphs:
            _at(graphs, callee, f"operator {operator.index}", "graph")
            yield callee


def _at(items: Any, index: int, where: str, what: str) -> Any:
    if not 0 <= index < len(items):
        raise DamagedError(f"{where} names {what} {index} of {len(items)}")
    return items[index]


def _is_graph_index(option: str) -> bool:
    return option == "subgraph" or option.lower().endswith("subgraphindex")


def _names_by_value(enum: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}
