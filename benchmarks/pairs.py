"""Timing two whole processes in turn, so that a drift of the machine's speed hits both."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track


@dataclass(frozen=True)
class Run:
    """One finished command: wall seconds, and peak memory in MB of it and its children, shared pages counted once."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Pair:
    """Runs of ours and of theirs, in the order in which they alternated."""

    ours: tuple[Run, ...]
    theirs: tuple[Run, ...]

    @property
    def ratio(self) -> float:
        """Median of the ratios ours / theirs, pair by pair."""
        return statistics.median(a.seconds / b.seconds for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def median_ours(self) -> float:
        """Median of our wall seconds."""
        return statistics.median(run.seconds for run in self.ours)

    @property
    def spread(self) -> tuple[float, float]:
        """Smallest and largest of those ratios."""
        ratios = [a.seconds / b.seconds for a, b in zip(self.ours, self.theirs, strict=True)]
        return min(ratios), max(ratios)


def alternate(
    ours: Sequence[str], theirs: Sequence[str], *, runs: int, name: str, before: Callable[[], None] = lambda: None
) -> Pair:
    """Runs A B A B …, after one warm-up of each.

    Args:
        ours: command line.
        theirs: command line.
        runs: counted runs of each.
        before: called before every run, not timed.
        name: shown on the progress bar.
    """
    timed: dict[int, list[Run]] = {0: [], 1: []}
    for turn in track(range(2 * (runs + 1)), description=name, transient=True):
        before()
        run = _timed(ours if turn % 2 == 0 else theirs)
        if turn >= 2:
            timed[turn % 2].append(run)
    return Pair(tuple(timed[0]), tuple(timed[1]))


def _timed(command: Sequence[str]) -> Run:
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=_quiet())
        with _PeakMemory(process.pid) as memory:
            status = process.wait()
        seconds = time.perf_counter() - start
        if status:
            errors.seek(0)
            last = errors.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} ended with status {status}: {last}")
    return Run(seconds, memory.peak_mb)


class _PeakMemory(threading.Thread):
    """Looks at a process and its children five times a second; each look takes a millisecond or two."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._pid = pid
        self._ended = threading.Event()

    def __enter__(self) -> _PeakMemory:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(0.2):
            self.peak_mb = max(self.peak_mb, sum(_proportional_mb(pid) for pid in _family(self._pid)))


def _family(pid: int) -> list[int]:
    try:
        children = [int(one) for path in Path(f"/proc/{pid}/task").iterdir() for one in _words(path / "children")]
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(child))]


def _proportional_mb(pid: int) -> float:
    """A process's share of its pages, those of libraries being divided among the processes that map them."""
    words = _words(Path(f"/proc/{pid}/smaps_rollup"))
    return int(words[words.index("Pss:") + 1]) / 1024 if "Pss:" in words else 0.0


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # it has ended
        return []


def _quiet() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
