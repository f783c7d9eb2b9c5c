"""Signs of life: a worker counts up in its trial while it is at it, and others look whether it still does.

Nobody compares clocks: a worker is taken for dead once its count has stood still for a while by the clock of the one
who looks. On the same machine a process that is gone is known at once.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

BEAT_SECONDS = 10.0
GRACE_SECONDS = 60.0
"""Without a beat; long enough for a machine that swaps, or a network that hangs."""

WORKER = "worker"
BEAT = "beat"


def this_worker() -> dict[str, Any]:
    """Which process it is, on which machine, since which boot."""
    return {"host": socket.gethostname(), "boot": _boot(), "pid": os.getpid(), "started": _started(os.getpid())}


class Heart:
    """Beats for a trial while a block lasts.

    Args:
        storage: of the study.
        trial_id: Optuna's.
        seconds: between two beats.
    """

    def __init__(self, storage: BaseStorage, trial_id: int, seconds: float = BEAT_SECONDS) -> None:
        self._storage, self._trial_id, self._seconds = storage, trial_id, seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Heart:
        self._storage.set_trial_user_attr(self._trial_id, WORKER, this_worker())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        count = 0
        while not self._stopped.wait(self._seconds):
            count += 1
            # A storage that is away for a while is no reason to give up; the trial may have been given to others.
            with suppress(Exception):
                self._storage.set_trial_user_attr(self._trial_id, BEAT, count)


class Watch:
    """Tells which running trials nobody is at any more.

    Args:
        grace: seconds without a beat.
        now: a clock, in seconds.
    """

    def __init__(self, grace: float = GRACE_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._grace, self._now = grace, now
        self._seen: dict[int, tuple[Any, float]] = {}

    def is_dead(self, trial: FrozenTrial) -> bool:
        """Whether a running trial has been left."""
        worker = trial.user_attrs.get(WORKER)
        if worker is not None and _is_gone(worker):
            return True
        beat = (worker, trial.user_attrs.get(BEAT))
        before = self._seen.get(trial.number)
        if before is None or before[0] != beat:
            self._seen[trial.number] = (beat, self._now())
            return False
        return self._now() - before[1] > self._grace


def _is_gone(worker: dict[str, Any]) -> bool:
    """Whether a process of this very machine has ended."""
    if (worker["host"], worker["boot"]) != (socket.gethostname(), _boot()) or worker["boot"] is None:
        return False
    return worker["started"] is not None and _started(worker["pid"]) != worker["started"]


def _boot() -> str | None:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + _pid_namespace()
    return None


def _pid_namespace() -> str:
    """Containers of one machine number their processes each by itself."""
    with suppress(OSError):
        return " " + os.readlink("/proc/self/ns/pid")
    return ""


def _started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks: numbers of processes are used again. None where there is none."""
    with suppress(OSError, IndexError):
        # The name, in brackets, may hold anything; a zombie has ended.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    return None
