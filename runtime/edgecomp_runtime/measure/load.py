"""What else the machine did while something was measured, from the ticks of two snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from .probe import Snapshot

SPAN_SECONDS = 1.0
"""Ticks are hundredths of a second: what is judged by them has to last."""

SHORTEST_SPAN_SECONDS = 0.5


@dataclass(frozen=True)
class Load:
    """What others took of the machine in some span of time.

    Args:
        others: CPUs that other programs kept busy, on average.
        steal: share of all CPU time that other virtual machines had.
    """

    others: float
    steal: float


def load_between(before: Snapshot, after: Snapshot, cpus: int) -> Optional[Load]:
    """The load between two snapshots; None where there are no ticks, or too few.

    Args:
        before: the earlier one.
        after: the later one.
        cpus: of the machine.
    """
    total, busy = _more(before.total_ticks, after.total_ticks), _more(before.busy_ticks, after.busy_ticks)
    own, steal = _more(before.own_ticks, after.own_ticks), _more(before.steal_ticks, after.steal_ticks)
    if total is None or busy is None or own is None or steal is None or total == 0:
        return None
    if after.time - before.time < SHORTEST_SPAN_SECONDS:
        return None
    return Load(others=max(busy - own, 0) / total * cpus, steal=steal / total)


def spans(snapshots: Sequence[Snapshot]) -> list[tuple[Snapshot, Snapshot]]:
    """Neighbouring snapshots, joined until each pair lies `SPAN_SECONDS` apart (or all is one pair)."""
    found = []
    start = snapshots[0]
    for one in snapshots[1:]:
        if one.time - start.time >= SPAN_SECONDS:
            found.append((start, one))
            start = one
    return found or [(snapshots[0], snapshots[-1])]


def _more(before: Optional[int], after: Optional[int]) -> Optional[int]:
    return None if before is None or after is None or after < before else after - before
