"""Runs a model over and over in windows, and keeps the times."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .plan import Plan

MOST_KEPT = 2**20
"""Times kept of a whole measurement, 8 bytes each. Beyond that every second one goes, then every fourth, ..."""

REPORT_SECONDS = 0.25


@dataclass(frozen=True)
class Window:
    """One part of a measurement.

    Args:
        start: seconds after the measurement began.
        seconds: how long it took.
        runs: inferences made.
        times_ms: float64 [kept], of single inferences in milliseconds, in their order.
        every: one of so many times was kept.
        cpu_share: what part of the time this thread had a CPU, 0 to 1.
    """

    start: float
    seconds: float
    runs: int
    times_ms: np.ndarray
    every: int = 1
    cpu_share: float = 1.0

    @property
    def throughput(self) -> float:
        """Inferences in a second, looking at the clock included."""
        return self.runs / self.seconds


def measure_windows(
    invoke: Callable[[], Any], plan: Plan, between: Callable[[], None], progress: Callable[[float], None]
) -> Iterator[Window]:
    """Measures the windows of a plan.

    Args:
        invoke: one inference.
        plan: says how many windows, and how long.
        between: called before the first and after each window.
        progress: called now and then with the share done, 0 to 1.

    Yields:
        the windows, as they end.
    """
    begun = time.perf_counter()
    between()
    for number in range(plan.windows):
        start, worked = time.perf_counter(), time.thread_time()
        kept = repeat(
            invoke,
            plan.seconds / plan.windows,
            -(-plan.runs // plan.windows),
            longest=plan.patience * plan.seconds / plan.windows,
            most_kept=max(MOST_KEPT // plan.windows, 2),
            progress=_part(progress, number, plan.windows),
        )
        seconds, worked = time.perf_counter() - start, time.thread_time() - worked
        yield Window(start - begun, seconds, kept.runs, np.asarray(kept.times), kept.every, min(worked / seconds, 1.0))
        between()


def _part(progress: Callable[[float], None], number: int, windows: int) -> Callable[[float], None]:
    return lambda share: progress((number + share) / windows)


@dataclass(frozen=True)
class Kept:
    """Times of single inferences in milliseconds, one of every so many of the runs made."""

    times: array[float]
    every: int
    runs: int


def repeat(
    invoke: Callable[[], Any],
    seconds: float,
    runs: int,
    *,
    longest: float = math.inf,
    most_kept: int = MOST_KEPT,
    progress: Callable[[float], None] = lambda _: None,
) -> Kept:
    """Runs a function until both its time and its number of runs are reached.

    Args:
        invoke: what is timed.
        seconds: at least.
        runs: at least.
        longest: after so many seconds it ends in any case; it has run at least once then.
        most_kept: times that are kept at the most.
        progress: called now and then with the share done, 0 to 1.
    """
    times, every, done = array("d"), 1, 0
    clock = time.perf_counter
    start = reported = now = clock()
    while (now - start < seconds or done < runs) and (now - start < longest or not done):
        before = clock()
        invoke()
        now = clock()
        if done % every == 0:
            times.append((now - before) * 1000)
            if len(times) == most_kept:
                del times[1::2]
                every *= 2
        done += 1
        if now - reported > REPORT_SECONDS:
            reported = now
            progress(min((now - start) / seconds if seconds else 1.0, done / runs, 1.0))
    return Kept(times, every, done)
