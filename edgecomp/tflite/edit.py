"""Edits of a .tflite that leave its graph and weights as they are: naming its signature, aligning its buffers.

A file is unpacked into the schema's objects, changed, and packed again. Every packing aligns the weights, since the
Python packer alone would place a byte vector at any address: kernels then load across cache lines, and TFLite's own
schema asks for 16 bytes (`data:[ubyte] (force_align: 16)` in
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecomp.errors import InputError

from .bounded import BROKEN
from .reader import FILE_IDENTIFIER, read_tflite

# A cache line; also what TFLite's own arena aligns tensors to (kDefaultTensorAlignment).
BUFFER_ALIGNMENT = 64
# Labels and vocabularies take a few megabytes; more is a mistake, or an archive made to fill the memory.
MAX_APPENDED_BYTES = 2**28
_DAMAGED = "the .tflite is damaged: its flatbuffer cannot be followed; copy or export it again"


def with_signature(data: bytes, inputs: Sequence[str], outputs: Sequence[str], key: str = "serving_default") -> bytes:
    """Names the inputs and outputs of the main graph, in place of any signature it has.

    Args:
        data: a .tflite file.
        inputs: a name for each input of subgraph 0, in the order the graph has them.
        outputs: likewise for its outputs.
        key: the signature's key, for `Interpreter.get_signature_runner(key)`.

    Returns:
        The file with the signature; signatures of other subgraphs are kept.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss; or the names are not unique,
            not as many as the graph has tensors, or empty.
    """
    model = _unpack(data)
    graph = model.subgraphs[0]
    signature = _schema().SignatureDefT(
        inputs=_tensor_maps("input", inputs, graph.inputs),
        outputs=_tensor_maps("output", outputs, graph.outputs),
        signatureKey=key,
        subgraphIndex=0,
    )
    others = [one for one in model.signatureDefs or () if one.subgraphIndex != 0]
    model.signatureDefs = [signature, *others]
    return _pack(model, data)


def align_buffers(data: bytes) -> bytes:
    """Repacks a file so that each of its buffers starts at a multiple of 64 bytes.

    Args:
        data: a .tflite file.

    Returns:
        The same model; it computes the same values.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss.
    """
    return _pack(_unpack(data), data)


@dataclass(frozen=True)
class _AlignedBuffer:
    """Stands in for the schema's `BufferT` when packing: same fields, but its bytes are aligned."""

    data: Any | None

    def Pack(self, builder: Any) -> int:  # noqa: N802 - the name that the schema's own `ModelT.Pack` calls
        schema = _schema()
        vector = None if self.data is None else _byte_vector(builder, self.data)
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        return int(schema.BufferEnd(builder))


def _byte_vector(builder: Any, data: Any) -> int:
    payload = bytes(data)
    builder.StartVector(1, len(payload), BUFFER_ALIGNMENT)
    builder.head -= len(payload)
    builder.Bytes[builder.head : builder.head + len(payload)] = payload
    return int(builder.EndVector())


def _schema() -> Any:
    from ai_edge_litert import schema_py_generated

    return schema_py_generated


def _unpack(data: bytes) -> Any:
    """The file as the schema's objects. The reader goes first: the schema's own unpacking trusts every length."""
    read_tflite(data)
    try:
        return _unpack_unchecked(data)
    except BROKEN as error:
        raise InputError(_DAMAGED) from error


def _unpack_unchecked(data: bytes) -> Any:
    model = _schema().ModelT.InitFromPackedBuf(data, 0)
    model.buffers = [_AlignedBuffer(_stored_bytes(buffer, data)) for buffer in model.buffers or ()]
    for graph in model.subgraphs:
        for operator in graph.operators or ():
            _inline_custom_options(operator, data)
    return model


def _stored_bytes(buffer: Any, data: bytes) -> Any | None:
    """What a buffer holds, also where it lies behind the flatbuffer, as litert-quantizer places all of them."""
    return data[buffer.offset : buffer.offset + buffer.size] if buffer.offset > 1 else buffer.data


def _inline_custom_options(operator: Any, data: bytes) -> None:
    """Moves options that lie behind the flatbuffer into it, since packing drops what lies behind."""
    start, size = operator.largeCustomOptionsOffset, operator.largeCustomOptionsSize
    if start <= 1:
        return
    if start + size > len(data):
        raise InputError(_DAMAGED)
    operator.customOptions = np.frombuffer(data, np.uint8, size, start)
    operator.largeCustomOptionsOffset = operator.largeCustomOptionsSize = 0


def _pack(model: Any, original: bytes) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(len(original) + 4096)
    try:
        builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    except flatbuffers.builder.BuilderSizeError as error:
        raise InputError("the .tflite would not fit the 2 GB of a flatbuffer; use a smaller model") from error
    except BROKEN as error:
        raise InputError(_DAMAGED) from error
    return _with_appended_files(bytes(builder.Output()), original)


def _with_appended_files(packed: bytes, original: bytes) -> bytes:
    """Carries over the files (labels, vocabularies) that TFLite Metadata appends to a model as a zip archive."""
    if not zipfile.is_zipfile(io.BytesIO(original)):
        return packed
    target = io.BytesIO(packed)
    target.seek(0, io.SEEK_END)
    try:
        with zipfile.ZipFile(io.BytesIO(original)) as source, zipfile.ZipFile(target, "a") as copy:
            if sum(entry.file_size for entry in source.infolist()) > MAX_APPENDED_BYTES:
                raise InputError("the files appended to the .tflite are too large; remove them from it")
            for entry in source.infolist():
                copy.writestr(entry, source.read(entry))
    except (zipfile.BadZipFile, RuntimeError, OSError, zlib.error, EOFError) as error:
        raise InputError(f"the files appended to the .tflite cannot be read: {error}; export it again") from error
    return target.getvalue()


def _tensor_maps(kind: str, names: Sequence[str], tensors: Any) -> list[Any]:
    indices = [] if tensors is None else [int(index) for index in tensors]
    if len(names) != len(indices):
        raise InputError(f"the .tflite has {len(indices)} {kind}s, but {len(names)} names were given for them")
    if len(set(names)) != len(names) or not all(names):
        raise InputError(f"the names of the {kind}s must be unique and not empty, not {', '.join(map(repr, names))}")
    schema = _schema()
    return [schema.TensorMapT(name=name, tensorIndex=index) for name, index in zip(names, indices, strict=True)]
