"""Checks that a .tflite is whole before an old interpreter opens it.

tflite-runtime follows every offset of the file without looking where it leads: a model cut short by a full disk or a
broken transfer ends the whole process. LiteRT checks by itself. This walks the tables that every interpreter reads when
it opens a model (schema.fbs of TensorFlow Lite, version 3; table and field names are its own) and checks that each lies
inside the file; it does not judge what they say.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import Union

from .errors import InputError

_Field = Union[int, str, tuple[str]]

# Field number -> what it is: the size in bytes of a vector's items; the name of a table; a tuple of that name for a
# vector of such tables. "Options" are tables whose fields are not looked into. Scalars need no entry.
_TABLES: dict[str, dict[int, _Field]] = {
    "Model": {
        1: ("OperatorCode",),
        2: ("SubGraph",),
        3: 1,
        4: ("Buffer",),
        5: 4,
        6: ("Metadata",),
        7: ("SignatureDef",),
    },
    "OperatorCode": {1: 1},
    "SubGraph": {0: ("Tensor",), 1: 4, 2: 4, 3: ("Operator",), 4: 1},
    "Tensor": {0: 4, 3: 1, 4: "QuantizationParameters", 6: "Options", 7: 4},
    "QuantizationParameters": {0: 4, 1: 4, 2: 4, 3: 8},
    "Operator": {1: 4, 2: 4, 4: "Options", 5: 1, 6: 1, 8: 4},
    "Buffer": {0: 1},
    "Metadata": {0: 1},
    "SignatureDef": {0: ("TensorMap",), 1: ("TensorMap",), 2: 1},
    "TensorMap": {0: 1},
    "Options": {},
}


class _OutOfFileError(Exception):
    """An offset leads out of the file."""


def check_whole(model: Union[bytes, str, os.PathLike[str]]) -> None:
    """Refuses a model that is cut short or garbled.

    Args:
        model: the bytes of a .tflite, or its path.

    Raises:
        InputError: a part of it lies outside the file.
    """
    if isinstance(model, bytes):
        _check(model, "the model")
        return
    with Path(model).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        _check(mapped, os.fspath(model))


def _check(data: Union[bytes, mmap.mmap], name: str) -> None:
    try:
        (root,) = _read("<I", data, 0)
        _check_table(data, root, "Model")
    except _OutOfFileError as error:
        raise InputError(f"{name}: the model is cut short or garbled ({error}); get the file again") from None


def _check_table(data: Union[bytes, mmap.mmap], start: int, kind: str) -> None:
    (back,) = _read("<i", data, start)
    vtable_size, table_size = _read("<HH", data, start - back)
    _inside(data, start, table_size)
    offsets = _read(f"<{max(vtable_size // 2 - 2, 0)}H", data, start - back + 4)
    for number, field in _TABLES[kind].items():
        offset = offsets[number] if number < len(offsets) else 0
        if offset:
            (relative,) = _read("<I", data, start + offset)
            _check_field(data, start + offset + relative, field)
    if kind == "Buffer" and len(offsets) > 2 and offsets[1] and offsets[2]:
        # Large weights may lie behind the tables, at a place counted from the start of the file.
        _inside(data, *_read("<Q", data, start + offsets[1]), *_read("<Q", data, start + offsets[2]))


def _check_field(data: Union[bytes, mmap.mmap], start: int, field: _Field) -> None:
    if isinstance(field, str):
        _check_table(data, start, field)
        return
    (length,) = _read("<I", data, start)
    _inside(data, start + 4, length * (field if isinstance(field, int) else 4))
    if isinstance(field, tuple):
        for place, (relative,) in enumerate(struct.iter_unpack("<I", data[start + 4 : start + 4 + 4 * length])):
            _check_table(data, start + 4 + 4 * place + relative, field[0])


def _read(layout: str, data: Union[bytes, mmap.mmap], start: int) -> tuple[int, ...]:
    _inside(data, start, struct.calcsize(layout))
    return struct.unpack_from(layout, data, start)


def _inside(data: Union[bytes, mmap.mmap], start: int, size: int) -> None:
    if start < 0 or start + size > len(data):
        raise _OutOfFileError(f"byte {start + size} of {len(data)} is missing")
