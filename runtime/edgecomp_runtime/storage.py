"""Files that are there after a power cut: whole or not at all.

What a system call has written is safe only once the file is flushed; a new name only once its folder is.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import InputError

_BLOCK_BYTES = 2**20


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, and flushes their names.

    Raises:
        OSError: it cannot be made.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another process was faster
            os.mkdir(folder, 0o755)
        flush_folder(folder.parent)


def copy_file(source: Path, target: Path) -> str:
    """Copies a file and flushes the copy; its name is not flushed.

    Args:
        source: the file.
        target: overwritten where it exists.

    Returns:
        SHA-256 of what was copied, 64 hexadecimal digits.

    Raises:
        InputError: the file cannot be read.
        OSError: the copy cannot be written.
    """

    def blocks() -> Iterator[bytes]:
        try:
            with source.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    yield block
        except OSError as error:
            raise InputError(f"{source}: cannot be read ({error.strerror or error})") from error

    return write_file(target, blocks())


def write_file(target: Path, blocks: Iterable[bytes]) -> str:
    """Writes a file and flushes it; its name is not flushed.

    Args:
        target: overwritten where it exists.
        blocks: its contents, piece by piece.

    Returns:
        SHA-256 of what was written, 64 hexadecimal digits.

    Raises:
        OSError: it cannot be written.
    """
    digest = hashlib.sha256()

    def seen() -> Iterator[bytes]:
        for block in blocks:
            digest.update(block)
            yield block

    _write_flushed(target, seen())
    return digest.hexdigest()


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Gives a file new contents in one step, which has lasted when this returns.

    Args:
        path: the file, which need not exist. Two that write it at once would be in each other's way: take a lock.
        content: what it shall hold.
        mode: its permissions, less those that the process withholds.

    Raises:
        OSError: it failed; the file is as before, unless it was the very last flush that failed.
    """
    unfinished = path.with_name(f"{path.name}.new")
    try:
        _write_flushed(unfinished, [content], mode)
        move(unfinished, path)
    except OSError:
        remove(unfinished)
        raise


def move(source: Path, target: Path) -> None:
    """Renames a file or folder and flushes both of its folders.

    Raises:
        OSError: it failed.
    """
    os.replace(source, target)
    flush_folder(target.parent)
    if source.parent != target.parent:
        flush_folder(source.parent)


def remove(path: Path) -> None:
    """Removes a file if it is there and can be removed: what is only in the way stops nobody."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def flush_folder(path: Path) -> None:
    """Flushes the names in a folder.

    Raises:
        OSError: the disk failed.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems cannot flush a folder; there is nothing more to be had there.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _write_flushed(path: Path, blocks: Iterable[bytes], mode: int = 0o644) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        for block in blocks:
            view = memoryview(block)
            while view:
                view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
