"""The messages between a worker and its parent: pickles over a pipe, arrays beside them.

A message is a number of parts, the length of each, and the parts: a pickle (protocol 5), then the memory of the arrays
in it as it is (PEP 574), which spares copying samples on both sides.

Both ends run the same installation of edgecomp and the pipe is private to them, so that pickle is safe here.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any, BinaryIO

_NUMBER = struct.Struct("<Q")


def send(pipe: BinaryIO, message: Any) -> None:
    """Writes one message and flushes it.

    Raises:
        BrokenPipeError: the other side is gone.
    """
    arrays: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(message, protocol=5, buffer_callback=arrays.append)
    parts = [memoryview(pickled), *(one.raw() for one in arrays)]
    pipe.write(b"".join(map(_NUMBER.pack, (len(parts), *(len(part) for part in parts)))))
    for part in parts:
        pipe.write(part)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any:
    """Reads one message; the arrays in it can be written to.

    Raises:
        EOFError: the other side closed the pipe, or died in the middle of a message.
    """
    lengths = [_number(pipe) for _ in range(_number(pipe))]
    pickled, *arrays = [_read_exactly(pipe, length) for length in lengths]
    return pickle.loads(pickled, buffers=arrays)


def _number(pipe: BinaryIO) -> int:
    value: int = _NUMBER.unpack(_read_exactly(pipe, _NUMBER.size))[0]
    return value


def _read_exactly(pipe: BinaryIO, size: int) -> bytearray:
    data = bytearray(size)
    if pipe.readinto(data) < size:  # type: ignore[attr-defined]  # typing has no name for files that are buffered
        raise EOFError("the pipe was closed")
    return data
