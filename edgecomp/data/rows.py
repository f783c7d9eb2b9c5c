"""Arrays in memory or in files, read row by row so that memory does not grow with their number."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from ..errors import InputError

_LOCAL_HEADER_BYTES = 30
"""Fixed part of a zip member's local header; the lengths of name and extra field are its last two 16-bit numbers
(PKWARE APPNOTE, 4.3.7)."""


class Rows(Protocol):
    """An array of samples along its first axis."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def take(self, positions: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
        """The rows at ascending positions, one at a time, each the caller's own copy."""
        ...


@dataclass(frozen=True)
class ArrayRows:
    """Rows of an array in memory, or of a memory-mapped file."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples first."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.array.dtype

    def take(self, positions: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
        """The rows at ascending positions, one at a time."""
        for position in positions:
            yield np.array(self.array[position])


@dataclass(frozen=True)
class CompressedRows:
    """Rows of a compressed member of an .npz file, decompressed anew on every pass."""

    path: Path
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def take(self, positions: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
        """The rows at ascending positions, one at a time.

        Raises:
            InputError: the file is damaged.
        """
        row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                _read_header(stream)
                next_row = 0
                for position in positions:
                    _skip(stream, (int(position) - next_row) * row_bytes)
                    data = _read_exactly(stream, row_bytes)
                    yield np.frombuffer(data, self.dtype).reshape(self.shape[1:]).copy()
                    next_row = int(position) + 1
        except (OSError, zipfile.BadZipFile, EOFError, ValueError) as error:
            raise InputError(f"{self.path}: array {self.member!r} is damaged ({error}); save the file again") from error


def take_together(rows: Rows, positions: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """The rows at ascending positions, stacked, `count` at a time and the rest at the end; the caller's own copies."""
    if isinstance(rows, ArrayRows):
        for start in range(0, len(positions), count):
            yield np.asarray(rows.array[positions[start : start + count]])  # indexing by positions copies
        return
    taken = rows.take(positions)
    while stacked := list(islice(taken, count)):
        yield np.stack(stacked)


def npy_rows(path: Path) -> Rows:
    """The rows of an .npy file, memory-mapped.

    Raises:
        InputError: it is damaged, or holds Python objects.
    """
    try:
        return ArrayRows(np.load(path, mmap_mode="r", allow_pickle=False))
    except PermissionError:
        raise InputError(f"{path}: permission denied; allow reading it") from None
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: {_why_unreadable(error)}") from error


def npz_members(path: Path) -> dict[str, str]:
    """The arrays of an .npz file: name -> member of the zip.

    Raises:
        InputError: it is not an .npz file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except PermissionError:
        raise InputError(f"{path}: permission denied; allow reading it") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is not an .npz file, or is damaged ({error}); save the file again") from error
    return {name.removesuffix(".npy"): name for name in names if name.endswith(".npy")}


def npz_rows(path: Path, member: str) -> Rows:
    """The rows of one array of an .npz file: memory-mapped where it is stored, streamed where it is compressed.

    Args:
        path: the .npz file.
        member: the zip's member, `x.npy`.

    Raises:
        InputError: it is damaged, or holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(member)
            with archive.open(info) as stream:
                shape, fortran, dtype, header_bytes = _read_header(stream)
                if dtype.hasobject:
                    raise InputError(
                        f"{path}: array {member!r} holds Python objects (dtype object); save plain numbers"
                    )
                if info.compress_type == zipfile.ZIP_STORED and shape and 0 not in shape:
                    offset = _data_offset(path, info) + header_bytes
                    return ArrayRows(np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C"))
                if not fortran and shape:
                    return CompressedRows(path, member, shape, dtype)
        with np.load(path, allow_pickle=False) as arrays:  # column order cannot be streamed by row
            return ArrayRows(arrays[member.removesuffix(".npy")])
    except (OSError, zipfile.BadZipFile, EOFError, ValueError, KeyError) as error:
        raise InputError(f"{path}: array {member!r}: {_why_unreadable(error)}") from error


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    return shape, fortran, dtype, stream.tell()


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    with path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER_BYTES)
    name, extra = (int.from_bytes(header[start : start + 2], "little") for start in (26, 28))
    return info.header_offset + _LOCAL_HEADER_BYTES + name + extra


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("it ends early")
    return data


def _skip(stream: IO[bytes], size: int) -> None:
    while size > 0:
        step = min(size, 1 << 20)
        _read_exactly(stream, step)
        size -= step


def _why_unreadable(error: Exception) -> str:
    text = str(error)
    if "allow_pickle" in text or "Object arrays" in text:
        return "holds Python objects (dtype object); save plain numbers, or one array an input"
    return f"is damaged, or not a NumPy file ({text})"
