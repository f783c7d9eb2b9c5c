"""Files on their way to a device: sent once, and from where an earlier attempt ended."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError
from .connection import Connection, RefusedError

AT_ONCE = 128 * 1024
"""Bytes sent between two looks at the progress; all that an upload holds in memory."""

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Upload:
    """What is sent, read only as it goes, so that a hundred uploads of one file take the memory of none.

    Args:
        name: of the file on the device; one that is kept there is named by what it holds.
        size: in bytes.
        sha256: of the whole.
        source: a path, or the bytes themselves.
        title: what people call it.
        keep: whether what has arrived outlives the connection, so that it can be taken up again. The path it then has
            on the device says what it holds.
    """

    name: str
    size: int
    sha256: str
    source: Path | bytes
    title: str
    keep: bool = False

    @staticmethod
    def of_file(path: Path, *, keep: bool) -> Upload:
        """A file to be sent.

        Raises:
            InputError: it cannot be read.
        """
        try:
            with path.open("rb") as file:
                digest = _digest(file)
                size = file.tell()
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
        sha256 = digest.hexdigest()
        return Upload(f"{sha256}{path.suffix}" if keep else path.name, size, sha256, path, path.name, keep)

    @staticmethod
    def of_bytes(name: str, data: bytes) -> Upload:
        """Bytes to be sent."""
        return Upload(name, len(data), hashlib.sha256(data).hexdigest(), data, name)

    def open(self) -> BinaryIO:
        """The bytes as a file."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")


def send(connection: Connection, upload: Upload, progress: Progress = lambda *_: None) -> str:
    """Sends what the device does not have yet.

    Args:
        connection: to the device.
        upload: what to send.
        progress: called with the bytes that are there, and those there will be.

    Returns:
        its path on the device.

    Raises:
        ConnectionBrokenError: the connection broke; what has arrived of an upload that is kept stays there.
        RefusedError: the device's disk is full, or another upload of the same file is under way.
    """
    doing = f"sending {upload.title}"
    asked = {"name": upload.name, "bytes": upload.size, "sha256": upload.sha256, "keep": upload.keep}
    there = connection.ask({"do": "receive", **asked}, doing)
    with upload.open() as file:
        have = min(int(there["have"]), upload.size)
        # Only what is the same byte for byte is built upon.
        start = have if have and _digest(file, have).hexdigest() == there["sha256"] else 0
        connection.ask({"from": start}, doing)
        file.seek(start)
        progress(start, upload.size)
        while start < upload.size:
            data = file.read(min(AT_ONCE, upload.size - start))
            if not data:
                raise RefusedError("changed", f"{upload.source!s} became shorter while it was sent; run this again")
            connection.send(data, doing)
            start += len(data)
            progress(start, upload.size)
    return str(connection.answer(doing)["path"])


def _digest(file: BinaryIO, length: int | None = None) -> hashlib._Hash:
    digest = hashlib.sha256()
    while length is None or length > 0:
        data = file.read(AT_ONCE if length is None else min(AT_ONCE, length))
        if not data:
            break
        digest.update(data)
        length = None if length is None else length - len(data)
    return digest
