"""Where native code's output goes during a run."""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ..worker import WorkerCrashError, WorkerError


@contextmanager
def log_file() -> Iterator[Path]:
    """A temporary file for what native code prints; it outlives the run only when an error message points to it."""
    handle, name = tempfile.mkstemp(prefix="edgecomp-", suffix=".log")
    os.close(handle)
    log = Path(name)
    try:
        yield log
    except (WorkerError, WorkerCrashError):
        raise
    except BaseException:
        log.unlink(missing_ok=True)
        raise
    log.unlink(missing_ok=True)


@contextmanager
def native_output_to(log: Path, console: Console | None) -> Iterator[None]:
    """Sends what native libraries print on stderr to the log, while a console that shows progress keeps the terminal.

    TensorFlow announces itself in several lines at each start, before any setting of its own can stop it. Without a
    console (a call from Python) nothing is redirected: that stderr is somebody else's. A crash in native code still
    names the signal and the place on the terminal.
    """
    if console is None:
        yield
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
    shown_on, console.file = console.file, os.fdopen(os.dup(terminal), "w", encoding="utf-8", errors="replace")
    try:
        with _crashes_told_to(terminal):
            yield
    finally:
        console.file.close()
        console.file = shown_on
        os.dup2(terminal, 2)
        os.close(terminal)


@contextmanager
def _crashes_told_to(terminal: int) -> Iterator[None]:
    if faulthandler.is_enabled():  # by whoever runs us, who is to be told
        yield
        return
    faulthandler.enable(terminal, all_threads=False)
    try:
        yield
    finally:
        faulthandler.disable()
