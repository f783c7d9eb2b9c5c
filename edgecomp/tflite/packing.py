"""A .tflite as the schema's own objects, to be changed, and back.

Every packing aligns the weights, since the Python packer alone would place a byte vector at any address: kernels then
load across cache lines, and TFLite's own schema asks for 16 bytes (`data:[ubyte] (force_align: 16)` in
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecomp.errors import InputError

from .bounded import BROKEN
from .reader import FILE_IDENTIFIER, read_tflite

# Labels and vocabularies take a few megabytes; more is a mistake, or an archive made to fill the memory.
MAX_APPENDED_BYTES = 2**28
_DAMAGED = "the .tflite is damaged: its flatbuffer cannot be followed; copy or export it again"


@dataclass(frozen=True)
class AlignedBuffer:
    """Stands in for the schema's `BufferT` when packing: same fields, but its bytes are aligned."""

    data: Any | None

    def Pack(self, builder: Any) -> int:  # noqa: N802 - the name that the schema's own `ModelT.Pack` calls
        if self.data is None:
            return int(builder.once("empty buffer", lambda: _table(builder, None)))
        return _table(builder, _byte_vector(builder, self.data))


def _table(builder: Any, vector: int | None) -> int:
    tables = schema()
    tables.BufferStart(builder)
    if vector is not None:
        tables.BufferAddData(builder, vector)
    return int(tables.BufferEnd(builder))


def _byte_vector(builder: Any, data: Any) -> int:
    payload = bytes(data)
    builder.StartVector(1, len(payload), builder.alignment)
    builder.head -= len(payload)
    builder.Bytes[builder.head : builder.head + len(payload)] = payload
    return int(builder.EndVector())


def schema() -> Any:
    """TFLite's schema as LiteRT ships it: classes for the tables of a .tflite."""
    from ai_edge_litert import schema_py_generated

    return schema_py_generated


def unpack(data: bytes) -> Any:
    """The file as the schema's objects. The reader goes first: the schema's own unpacking trusts every length."""
    read_tflite(data)
    try:
        return _unpack_unchecked(data)
    except BROKEN as error:
        raise InputError(_DAMAGED) from error


def _unpack_unchecked(data: bytes) -> Any:
    model = schema().ModelT.InitFromPackedBuf(data, 0)
    model.buffers = [AlignedBuffer(_stored_bytes(buffer, data)) for buffer in model.buffers or ()]
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


def pack(model: Any, original: bytes = b"", *, compact: bool = True) -> bytes:
    """The objects as a file.

    Args:
        model: see `unpack`.
        original: the file whose labels and vocabularies, appended to it, are carried over.
        compact: whether what is the same is written once, and weights begin at cache lines; else the file is as the
            stock converter would write it.

    Raises:
        InputError: it would be too large.
    """
    import flatbuffers

    from .builders import PlainBuilder, SharingBuilder

    size = sum(len(one.data) for one in model.buffers if one.data is not None) + 4096
    builder = SharingBuilder(size) if compact else PlainBuilder(size)
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
