"""Results appear in one atomic step, and never over somebody's files."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError


def check_free(folder: Path, *, force: bool) -> None:
    """Refuses an output folder that could not be written in the end, before any work is done.

    Raises:
        InputError: it exists and is not empty (without `force`), is a file, or its parent cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder for the results")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise InputError(f"{folder} exists and is not empty; name another folder or pass --force to replace it")
    parent = _existing_parent(folder)
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"nothing can be written to {parent}; name another folder for the results")


@contextmanager
def staged(folder: Path, *, force: bool) -> Iterator[Path]:
    """A folder to write results to, which becomes `folder` when the block ends well and vanishes when it does not.

    What stood there before (with `force`) is kept until the new one is in its place.
    """
    check_free(folder, force=force)
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        yield stage
        stage.chmod(0o755)
        publish(stage, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def publish(stage: Path, folder: Path) -> None:
    """Moves a finished folder to its place; an old one goes only after the new one stands."""
    if not folder.exists():
        stage.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".old", dir=folder.parent))
    aside = folder.rename(old / "was")
    try:
        stage.rename(folder)
    except OSError:
        aside.rename(folder)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)


def _existing_parent(folder: Path) -> Path:
    parent = folder.absolute().parent
    while not parent.exists():
        parent = parent.parent
    return parent


def publish_aside(stage: Path, folder: Path) -> Path:
    """Moves results that must not pass for the real ones to a folder of another name beside it, which is returned."""
    for number in itertools.count(1):
        aside = folder.with_name(f"{folder.name}.over-budget" + (f"-{number}" if number > 1 else ""))
        if not aside.exists():
            stage.rename(aside)
            aside.chmod(0o755)
            return aside
    raise AssertionError("unreachable")
