"""Where native code's output goes during a run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
