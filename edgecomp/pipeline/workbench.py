"""What every stage of a run works with."""

from __future__ import annotations

from dataclasses import dataclass

from ..progress import Steps
from ..worker import Worker


@dataclass(frozen=True)
class Workbench:
    """The worker process, the display of steps, and the threads to measure with.

    Args:
        worker: runs native code.
        steps: shows and records what is done.
        threads: of interpreters; the target's number, as far as this machine has cores.
    """

    worker: Worker
    steps: Steps
    threads: int
