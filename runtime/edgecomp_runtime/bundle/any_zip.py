"""Zips of bundles from before the canonical layout, as any tool may have written them."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable, Iterator
from typing import IO

from ..errors import IntegrityError
from .limits import MAX_ENTRIES, MAX_TOTAL_BYTES, unpacks_to_too_much
from .manifest import is_safe_name

_CHUNK_BYTES = 2**20
_DAMAGE = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


def open_any_zip(file: IO[bytes]) -> tuple[frozenset[str], Callable[[str], Iterator[bytes]]]:
    """The names of the entries, and a function that gives an entry's contents piece by piece.

    Args:
        file: open for reading, as long as the contents are read.

    Raises:
        IntegrityError: the zip is damaged, or has an entry that a bundle cannot have.
    """
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise IntegrityError(f"the zip file is damaged or cut short ({error})") from None
    return _checked_names(archive), lambda name: _pieces(archive, name)


def has_entry(file: IO[bytes], name: str) -> bool:
    """Whether a file is a zip with an entry of that name."""
    try:
        with zipfile.ZipFile(file) as archive:
            return name in archive.namelist()
    except _DAMAGE:
        return False


def _checked_names(archive: zipfile.ZipFile) -> frozenset[str]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES:
        raise IntegrityError(f"it has {len(entries)} entries, more than the {MAX_ENTRIES} a bundle may have")
    if len({name.lower() for name in names}) != len(names):
        raise IntegrityError("it has two entries of the same name")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
        raise IntegrityError(f"it unpacks to more than {MAX_TOTAL_BYTES} bytes")
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not is_safe_name(entry.filename) or kind not in (0, stat.S_IFREG) or entry.flag_bits & 1:
            raise IntegrityError(f"entry {entry.filename!r} is not a plain file with a plain name")
        if unpacks_to_too_much(entry.compress_size, entry.file_size):
            raise IntegrityError(f"{entry.filename} unpacks from {entry.compress_size} to {entry.file_size} bytes")
    return frozenset(names)


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    if name not in archive.namelist():
        raise FileNotFoundError(name)
    try:
        with archive.open(name) as file:
            while True:
                piece = file.read(_CHUNK_BYTES)
                if not piece:
                    return
                yield piece
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from None
