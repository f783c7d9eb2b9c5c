"""Frames that another program writes into a pipe: raw ones of one size, or photos one after another."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import IO, Optional

import numpy as np

from ..contract import Contract
from ..errors import InputError
from ..inputs import Item, ready
from .splitting import decode_frame, split_frames

_DTYPES = ("uint8", "int8", "int16", "int32", "int64", "float32", "float64")


@dataclass(frozen=True)
class Pipe:
    """Frames from an open binary file, such as `sys.stdin.buffer`.

    A program that writes faster than the model answers is made to wait by the pipe itself, so that no frame is lost.

    Args:
        file: to read from; it is not closed.
        shape: of raw frames, such as (480, 640, 3), rows first; None where frames are PNG, JPEG or PPM files.
        dtype: of raw frames, in this machine's byte order.
        name: for messages.
    """

    file: IO[bytes]
    shape: Optional[tuple[int, ...]] = None
    dtype: str = "uint8"
    name: str = "stdin"
    live = False
    at_once = False

    def items(self, contract: Contract) -> Generator[Item, None, None]:
        """Frames, each as soon as its last byte is there.

        Raises:
            InputError: there are none, what is read are no such frames, or it ends in the middle of one.
        """
        return photo_items(self.file, self.name) if self.shape is None else self._raw(self.shape)

    def _raw(self, shape: tuple[int, ...]) -> Generator[Item, None, None]:
        if self.dtype not in _DTYPES or not shape or min(shape) < 1:
            raise InputError(
                f"raw frames of shape {list(shape)} and dtype {self.dtype} cannot be read; "
                f"give positive sizes and one of {', '.join(_DTYPES)}"
            )
        dtype, number = np.dtype(self.dtype), 0
        size = int(np.prod(shape)) * dtype.itemsize
        while True:
            data = self.file.read(size)
            if not data and number:
                return
            if not data:
                raise InputError(f"{self.name}: there are no frames in it")
            if len(data) < size:
                raise InputError(f"{self.name}: ends in the middle of frame {number} ({len(data)} of {size} bytes)")
            yield ready(f"{self.name}[{number}]", np.frombuffer(data, dtype).reshape(shape))
            number += 1


def photo_items(file: IO[bytes], name: str) -> Generator[Item, None, None]:
    """PNG, JPEG and PPM files one after another, as items that decode them when they are read; see `split_frames`."""
    for number, data in enumerate(split_frames(file, name)):
        yield Item(f"{name}[{number}]", partial(decode_frame, data, f"{name}[{number}]"))


def parse_frame_shape(text: str) -> tuple[tuple[int, ...], str]:
    """Reads `480x640x3`, or with another dtype than uint8 `128x3:float32`: shape and dtype.

    Raises:
        InputError: it is neither.
    """
    sizes, _, dtype = text.partition(":")
    try:
        shape = tuple(int(size) for size in sizes.split("x"))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1 or (dtype or "uint8") not in _DTYPES:
        raise InputError(
            f"{text!r} is not the shape of a frame, rows first, such as 480x640x3 (bytes) or 128x3:float32; dtypes are "
            f"{', '.join(_DTYPES)}"
        )
    return shape, dtype or "uint8"
