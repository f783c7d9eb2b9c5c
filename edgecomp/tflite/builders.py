"""Flatbuffer builders for a .tflite: one as the stock converter writes, and one that writes what is the same once.

A flatbuffer may point to a string or vector from several places. The schema's own packer never does, and so a file of
a small network holds every tensor's name twice (once for an activation, once for the bias behind it) and hundreds of
zero points that are all 0: 8 bytes for each channel, of weights and of biases.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import flatbuffers

BUFFER_ALIGNMENT = 64
"""A cache line; also what TFLite's own arena aligns tensors to (`kDefaultTensorAlignment`)."""


class PlainBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Writes everything where it is met; weights are aligned as TFLite's schema asks for.

    Args:
        size: bytes to begin with.
    """

    alignment = 16

    def once(self, what: Hashable, write: Callable[[], int]) -> int:
        """The place of something that is written now; see `SharingBuilder`."""
        return int(write())


class SharingBuilder(PlainBuilder):
    """Shares strings, and vectors of numbers of more than a byte. Buffers of weights stay apart, at cache lines each.

    Args:
        size: bytes to begin with.
    """

    alignment = BUFFER_ALIGNMENT
    head: int

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._known: dict[Hashable, int] = {}
        self._begun: tuple[int, int, int] | None = None  # where, bytes of an element, alignment
        self._points = False

    def once(self, what: Hashable, write: Callable[[], int]) -> int:
        """The place of something that is written when it is first asked for.

        Args:
            what: tells it from all else.
            write: writes it, and gives its place.
        """
        if what not in self._known:
            self._known[what] = int(write())
        return self._known[what]

    def CreateString(self, s: Any, encoding: str = "utf-8", errors: str = "strict") -> int:  # noqa: N802
        write = super().CreateString
        return self.once(s, lambda: write(s, encoding, errors))

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803
        self._begun, self._points = (int(self.Offset()), elemSize, alignment), False
        return int(super().StartVector(elemSize, numElems, alignment))

    def PrependUOffsetTRelative(self, off: int) -> None:  # noqa: N802
        self._points = True  # from where it stands: the same bytes elsewhere mean something else
        super().PrependUOffsetTRelative(off)

    def EndVector(self, numElems: int | None = None) -> int:  # noqa: N802, N803
        begun, count, self._begun = self._begun, self.vectorNumElems, None
        offset = int(super().EndVector(numElems))
        if begun is None or self._points or begun[1] == 1:
            return offset
        before, size, alignment = begun
        content = (size, alignment, bytes(self.Bytes[self.head : self.head + 4 + size * count]))
        if content not in self._known:
            self._known[content] = offset
        elif self._known[content] != offset:
            self.head = len(self.Bytes) - before
        return self._known[content]
