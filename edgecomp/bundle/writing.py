"""A file that appears as a whole, and never over somebody's."""

from __future__ import annotations

import os
from pathlib import Path

from ..atomic import write_atomically
from ..errors import InputError


def check_writable(path: Path, *, force: bool) -> None:
    """Refuses a place that could not be written in the end, before any work is done.

    Raises:
        InputError: there is something at that path (without `force`), it is a folder, or there is no folder for it.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file")
    if os.path.lexists(path) and not force:
        raise InputError(f"{path} exists; name another file or pass --force to replace it")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"nothing can be written to {path.parent}; name another folder")


def write_new(path: Path, content: bytes, *, force: bool = False) -> None:
    """Writes a file in one atomic step.

    Args:
        path: the file.
        content: of it.
        force: replaces what is there.

    Raises:
        InputError: see `check_writable`; or the disk is full.
    """
    check_writable(path, force=force)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); make room or name another") from None
