"""Walks a flatbuffer, trusting nothing in it.

A flatbuffer's tables point at each other by offsets. The generated accessors follow any offset and believe any
length. The lists of a well-formed file share few bytes or none, therefore their lengths add up to about the file's;
where they add up to far more, the file is damaged or made to waste time and memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

# Far above the largest real graphs (tens of thousands), low enough to answer within seconds.
MAX_TABLES = 100_000
# How often the bytes of a list may be used again; writers may share equal strings and lists.
_SHARING = 4
# What the accessors raise when an offset or a length leads nowhere.
BROKEN = (struct.error, IndexError, ValueError, TypeError, KeyError, OverflowError, AttributeError, AssertionError)


class DamagedError(Exception):
    """What exactly is wrong with a file; the reader turns it into an InputError that names the file."""


class BoundedFlatbuffer:
    """A flatbuffer with an account of what may still be visited in it. Its methods raise DamagedError or `BROKEN`."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self._bytes_left = _SHARING * len(data)
        self._tables_left = MAX_TABLES

    def tables(self, owner: Any, field: str) -> Iterator[Any]:
        """The tables of one list, in order."""
        count = getattr(owner, f"{field}Length")()
        self.spend(4 * count, tables=count)
        get = getattr(owner, field)
        for index in range(count):
            table = get(index)
            if not 0 <= table._tab.Pos <= len(self._view) - 4:
                raise DamagedError(f"entry {index} of its {field} lies outside the file")
            yield table

    def numbers(self, owner: Any, field: str) -> list[Any]:
        """A list of numbers; empty where the file has none."""
        if getattr(owner, f"{field}IsNone")():
            return []
        array: np.ndarray = getattr(owner, f"{field}AsNumpy")()
        self.spend(array.nbytes)
        return list(array.tolist())

    def text(self, raw: bytes | None) -> str:
        """A string; empty where the file has none. What is not UTF-8 in it is replaced."""
        if raw is None:
            return ""
        self.spend(len(raw))
        return raw.decode("utf-8", errors="replace")

    def union(self, create: Callable[[int, Any], Any], kind: int, table: Any) -> dict[str, Any]:
        """The fields of a union's table; empty where it has none."""
        if not kind or table is None:
            return {}
        fields: dict[str, Any] = vars(create(kind, table))
        arrays = [value.nbytes for value in fields.values() if isinstance(value, np.ndarray)]
        texts = [len(value) for value in fields.values() if isinstance(value, bytes)]
        self.spend(sum(arrays) + sum(texts))
        return fields

    def slice(self, start: int, length: int) -> memoryview:
        """A stretch of the file, not copied."""
        if start < 0 or start + length > len(self._view):
            raise DamagedError("a buffer reaches past the end of the file")
        self.spend(length)
        return self._view[start : start + length]

    def spend(self, nbytes: int, tables: int = 0) -> None:
        """Takes what is about to be visited off the account."""
        self._bytes_left -= nbytes
        self._tables_left -= tables
        if self._bytes_left < 0:
            raise DamagedError("its lists are longer than the file")
        if self._tables_left < 0:
            raise DamagedError(f"it has more than {MAX_TABLES} tensors and operators")
