"""Cuts a stream of bytes into photos: PNG, JPEG and PPM files one after another, as ffmpeg's image2pipe writes them.

Each format says in its own structure where it ends, so that a frame is whole as soon as its last byte is there, and a
picture inside a picture (a thumbnail in a JPEG's header) is not taken for a frame.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from ..errors import InputError
from ..photos import decode_photo_bytes

MAX_FRAME_BYTES = 2**28

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_PPM = (b"P5", b"P6")

# ITU-T T.81, table B.1: markers that stand alone, and those after which coded data or the end follow.
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9


def split_frames(file: IO[bytes], name: str) -> Iterator[bytes]:
    """The photos of a stream, each as the bytes of its file.

    Args:
        file: to read from.
        name: for messages.

    Raises:
        InputError: there is none; or what follows is no photo of these formats, larger than `MAX_FRAME_BYTES`, or cut
            short.
    """
    buffered: Any = file if hasattr(file, "peek") else io.BufferedReader(file)
    number = 0
    if not buffered.peek(1):
        raise InputError(f"{name}: there are no frames in it")
    while buffered.peek(1):
        try:
            yield _Cut(buffered).frame()
        except _CutError as error:
            raise InputError(f"{name}: frame {number} {error}") from None
        number += 1


def decode_frame(data: bytes, name: str) -> np.ndarray:
    """One of these photos as uint8, height x width x 1 or 3; a PPM needs no Pillow.

    Args:
        data: the bytes of the file.
        name: for messages.

    Raises:
        InputError: it is broken, or Pillow is needed and not installed.
    """
    if data[:2] not in _PPM:
        return decode_photo_bytes(data, name)
    cut = _Cut(io.BufferedReader(io.BytesIO(data)))
    channels, width, height = cut.ppm_header()
    return np.frombuffer(data, np.uint8, offset=len(cut.data)).reshape(height, width, channels)


class _CutError(Exception):
    """What is read is no whole photo; the text follows "frame 3"."""


class _Cut:
    """Reads one photo from a buffered file and collects its bytes."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.data = bytearray()

    def frame(self) -> bytes:
        start = self._take(2)
        if start == _JPEG:
            self._jpeg()
        elif start in _PPM:
            self._ppm()
        elif start == _PNG[:2] and self._take(6) == _PNG[2:]:
            self._png()
        else:
            raise _CutError("does not begin as a PNG, JPEG or PPM file does; of raw frames, say the shape")
        return bytes(self.data)

    def ppm_header(self) -> tuple[int, int, int]:
        """Channels, width and height."""
        if not self.data:
            self._take(2)
        width, height, largest = (self._ppm_number() for _ in range(3))
        if largest != 255:
            raise _CutError(f"has values up to {largest}, not 255")
        return (1 if self.data[:2] == b"P5" else 3), width, height

    def _take(self, size: int) -> bytes:
        if len(self.data) + size > MAX_FRAME_BYTES:
            raise _CutError(f"is larger than {MAX_FRAME_BYTES} bytes")
        found: bytes = self._file.read(size)
        self.data += found
        if len(found) < size:
            raise _CutError("is cut short")
        return found

    def _png(self) -> None:
        kind = b""
        while kind != b"IEND":
            head = self._take(8)
            kind = head[4:]
            self._take(int.from_bytes(head[:4], "big") + 4)

    def _jpeg(self) -> None:
        while True:
            if self._take(1) != b"\xff":
                raise _CutError("is a broken JPEG file")
            code = self._jpeg_code()
            while code == _JPEG_SCAN:
                self._jpeg_segment()
                code = self._jpeg_scan()
            if code == _JPEG_END:
                return
            if code not in _JPEG_ALONE:
                self._jpeg_segment()

    def _jpeg_code(self) -> int:
        code = 0xFF
        while code == 0xFF:  # markers may be padded with any number of these
            code = self._take(1)[0]
        return code

    def _jpeg_segment(self) -> None:
        size = int.from_bytes(self._take(2), "big")
        if size < 2:
            raise _CutError("is a broken JPEG file")
        self._take(size - 2)

    def _jpeg_scan(self) -> int:
        """Coded data, in which 0xFF is followed by 0 or a restart marker; returns the marker that ends it."""
        code = 0
        while code == 0 or code in _JPEG_ALONE:
            ahead = self._file.peek(1)
            place = ahead.find(b"\xff")
            if place < 0:
                self._take(max(1, len(ahead)))
                continue
            self._take(place + 1)
            code = self._jpeg_code()
        return code

    def _ppm(self) -> None:
        channels, width, height = self.ppm_header()
        self._take(channels * width * height)

    def _ppm_number(self) -> int:
        digits = b""
        while True:
            one = self._take(1)
            if one == b"#":
                while one != b"\n":
                    one = self._take(1)
            if one.isdigit() and len(digits) < 9:
                digits += one
            elif not one.isspace():
                raise _CutError("is a broken PPM file")
            elif digits:
                return int(digits)
