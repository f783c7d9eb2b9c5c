"""Results appear in one atomic step, and never over somebody's files."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError

_LONGEST = 200
"""Characters of a folder's name that its temporary neighbour's name repeats; file systems allow 255 bytes."""


def check_free(folder: Path, *, force: bool) -> None:
    """Refuses an output folder that could not be written in the end, before any work is done.

    Raises:
        InputError: it exists and is not empty (without `force`), is a file, or its parent cannot be written.
    """
    with writing_to(folder):
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
    folder = folder.resolve()
    made = _missing_parents(folder)
    try:
        with writing_to(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            stage = Path(tempfile.mkdtemp(prefix=f".{folder.name[:_LONGEST]}.", suffix=".partial", dir=folder.parent))
        try:
            yield stage
            check_free(folder, force=force)  # somebody may have come first
            with writing_to(folder):
                stage.chmod(0o755)
                publish(stage, folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except BaseException:
        _remove_empty(made)
        raise


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Says in plain words why results cannot be written.

    Raises:
        InputError: in place of any `OSError` inside the block: a full disk, a missing permission, a name too long.
    """
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the results cannot be written to {folder}: {error.strerror or error}; make room or name another folder"
        ) from error


def publish(stage: Path, folder: Path) -> None:
    """Moves a finished folder to its place; an old one goes only after the new one stands."""
    if not folder.exists() or not any(folder.iterdir()):
        stage.rename(folder)  # takes the place of an empty folder in one step
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name[:_LONGEST]}.", suffix=".old", dir=folder.parent))
    aside = folder.rename(old / "was")
    try:
        stage.rename(folder)
    except BaseException:
        aside.rename(folder)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)


def _existing_parent(folder: Path) -> Path:
    parent = folder.resolve().parent
    while not parent.exists():
        parent = parent.parent
    return parent


def _missing_parents(folder: Path) -> list[Path]:
    """The folders above that do not exist yet, the innermost first."""
    return list(itertools.takewhile(lambda parent: not parent.exists(), folder.parents))


def _remove_empty(folders: list[Path]) -> None:
    """Removes folders that were made for results which then did not come."""
    for folder in folders:
        with suppress(OSError):  # not empty: somebody else uses it, too
            folder.rmdir()


def publish_aside(stage: Path, folder: Path) -> Path:
    """Moves results that must not pass for the real ones to a folder of another name beside it, which is returned."""
    for number in itertools.count(1):
        aside = stage.with_name(f"{folder.name}.over-budget" + (f"-{number}" if number > 1 else ""))
        if not aside.exists():
            stage.rename(aside)
            aside.chmod(0o755)
            return aside
    raise AssertionError("unreachable")
