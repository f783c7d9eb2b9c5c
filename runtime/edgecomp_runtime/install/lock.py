"""One installer at a time. The system frees the lock with the process, so that none is ever left behind."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError

LOCK_FILE = "lock"
WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1


@contextmanager
def locked(
    home: Path, wait_seconds: float = WAIT_SECONDS, waiting: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Holds the lock.

    Args:
        home: the folder whose lock it is; must exist.
        wait_seconds: how long to wait for another holder.
        waiting: called once when there is one.

    Raises:
        InputError: another process held it all the time.
        OSError: the lock file cannot be made.
    """
    descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, home, wait_seconds, waiting)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, home: Path, wait_seconds: float, waiting: Callable[[], object]) -> None:
    end, told = time.monotonic() + wait_seconds, False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not told:
                waiting()
                told = True
            if time.monotonic() > end:
                raise InputError(
                    f"{home}: another installation has been under way for {wait_seconds:g} seconds; wait for it or end "
                    "it, then try again"
                ) from None
            time.sleep(_POLL_SECONDS)
