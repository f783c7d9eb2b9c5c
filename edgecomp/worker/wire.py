"""The messages between a worker and its parent: length-prefixed pickles (protocol 5) over a pipe.

Both ends run the same installation of edgecomp and the pipe is private to them, so that pickle is safe here.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct("<Q")


def send(pipe: BinaryIO, message: Any) -> None:
    """Writes one message and flushes it.

    Raises:
        BrokenPipeError: the other side is gone.
    """
    data = pickle.dumps(message, protocol=5)
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any:
    """Reads one message.

    Raises:
        EOFError: the other side closed the pipe, or died in the middle of a message.
    """
    header = _read_exactly(pipe, _LENGTH.size)
    return pickle.loads(_read_exactly(pipe, _LENGTH.unpack(header)[0]))


def _read_exactly(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError("the pipe was closed")
    return data
