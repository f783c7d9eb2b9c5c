"""Things that take long to make and are kept for the next time, in the user's cache folder."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError


def cache_folder() -> Path:
    """$EDGECOMP_CACHE, or `edgecomp` in $XDG_CACHE_HOME, or `~/.cache/edgecomp`."""
    own = os.environ.get("EDGECOMP_CACHE")
    if own:
        return Path(own).absolute()
    # A relative path is to be ignored, says the XDG Base Directory Specification.
    common = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (common if common.is_absolute() else Path.home() / ".cache") / "edgecomp"


def made_once(path: Path, make: Callable[[Path], None], waiting: Callable[[], None] = lambda: None) -> Path:
    """A file or folder of the cache, made if it is not there.

    It is made under another name and renamed when it is whole; of several processes that want it one makes it and the
    others wait.

    Args:
        path: where it shall be.
        make: makes it at the path it is given, whose parent exists.
        waiting: called when another process is at it.

    Returns:
        `path`.

    Raises:
        InputError: the cache folder cannot be written.
    """
    if path.exists():
        return path
    with _writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_name(f"{path.name}.lock"), waiting):
            if path.exists():
                return path
            unfinished = path.with_name(f"{path.name}.unfinished")
            _remove(unfinished)  # left by a process that was killed
            try:
                make(unfinished)
                unfinished.rename(path)
            finally:
                _remove(unfinished)
    return path


@contextmanager
def _locked(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the cache folder {folder} cannot be written ({error.strerror or error}); make room, or name another with "
            "the environment variable EDGECOMP_CACHE"
        ) from error


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
