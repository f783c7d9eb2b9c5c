"""Which CPUs a measurement runs on: on machines with unequal ones, the scheduler's choice is a matter of luck."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Optional

from ..errors import InputError
from .probe import Snapshot

ALIKE = 0.9
"""CPUs of at least this share of the strongest one's strength are as big: boost clocks differ by a little."""


def parse_cpus(text: str, snapshot: Snapshot, available: Optional[frozenset[int]] = None) -> frozenset[int]:
    """Reads a choice of CPUs.

    Args:
        text: numbers and ranges ("0-3", "0,2-3"); or "big" or "little", the strongest and the weakest ones as the
            kernel rates them (`cpu_capacity`, else the highest clock). Where all are alike, both are all.
        snapshot: of the machine.
        available: CPUs this process may run on; None asks the system.

    Raises:
        InputError: it is no such text, there is no such CPU, or the system does not rate its CPUs.
    """
    allowed = available_cpus() if available is None else available
    chosen = _rated(text, snapshot) if text in ("big", "little") else _numbers(text)
    if not chosen <= allowed:
        raise InputError(
            f"--cpus {text}: this process may run on {', '.join(map(str, sorted(allowed)))} and not on "
            f"{', '.join(map(str, sorted(chosen - allowed)))}; choose among the former"
        )
    return chosen


def available_cpus() -> frozenset[int]:
    """The CPUs that this process may run on.

    Raises:
        InputError: the system cannot bind a process to CPUs.
    """
    if not hasattr(os, "sched_getaffinity"):
        raise InputError("this system cannot bind a process to CPUs; leave out --cpus")
    return frozenset(os.sched_getaffinity(0))


@contextlib.contextmanager
def bound_to(cpus: Optional[frozenset[int]]) -> Iterator[None]:
    """Runs what is inside on some CPUs: this thread, and the threads and processes it starts.

    Args:
        cpus: their numbers; None changes nothing.
    """
    if cpus is None:
        yield
        return
    before = available_cpus()
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _rated(text: str, snapshot: Snapshot) -> frozenset[int]:
    strengths = snapshot.cpu_capacities or snapshot.max_frequencies_khz
    if not strengths:
        raise InputError(f"--cpus {text}: this system does not say how strong its CPUs are; give their numbers")
    limit = max(strengths.values()) * ALIKE
    if text == "big" or min(strengths.values()) >= limit:
        return frozenset(cpu for cpu, strength in strengths.items() if strength >= limit)
    return frozenset(cpu for cpu, strength in strengths.items() if strength * ALIKE <= min(strengths.values()))


def _numbers(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        ends = [end.strip() for end in ((first, last) if "-" in part else (first, first))]
        if not all(end.isascii() and end.isdecimal() and len(end) < 5 for end in ends) or int(ends[0]) > int(ends[1]):
            raise InputError(f"--cpus {text}: is neither numbers (0-3 or 0,2) nor big or little")
        found.update(range(int(ends[0]), int(ends[1]) + 1))
    return frozenset(found)
