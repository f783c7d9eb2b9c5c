"""Timing two whole processes in turn, so that a drift of the machine's speed hits both."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.progress import track


@dataclass(frozen=True)
class Run:
    """One finished process: wall seconds and peak memory in MB (of its largest single process)."""

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
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            errors.seek(0)
            last = errors.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} ended with status {status}: {last}")
    return Run(seconds, usage.ru_maxrss / 1024)


def _quiet() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
