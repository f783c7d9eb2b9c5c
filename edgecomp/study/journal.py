"""The journal file of a study: one line a change, appended under a lock that goes with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from optuna.storages.journal import JournalFileBackend


class KernelLock:
    """A lock that the kernel releases when its holder dies.

    Optuna's own are files that a killed process leaves behind, which the others then wait half a minute for.

    Args:
        path: of the journal; the lock is a file beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}.lock")
        self._held: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Waits until nobody else holds it."""
        held = self._path.open("ab")
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
        except BaseException:
            held.close()
            raise
        self._held = held
        return True

    def release(self) -> None:
        """Lets the next one have it."""
        assert self._held is not None
        self._held.close()
        self._held = None


def open_journal(path: Path) -> JournalFileBackend:
    """The journal, made if it is not there.

    A line whose writer died in the middle of it was never told to anybody: it goes.
    """
    lock = KernelLock(path)
    lock.acquire()
    try:
        _drop_torn_line(path)
    finally:
        lock.release()
    return JournalFileBackend(str(path), lock_obj=KernelLock(path))  # type: ignore[arg-type]


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as journal:
        size = journal.seek(0, os.SEEK_END)
        end = size
        while end:
            start = max(0, end - 4096)
            journal.seek(start)
            place = journal.read(end - start).rfind(b"\n")
            if place >= 0:
                end = start + place + 1
                break
            end = start
        if end < size:
            journal.truncate(end)
