"""What a sensor of energy is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Source:
    """A sensor that is there and can be read.

    Args:
        name: for people.
        covers: what its figures include, and what they do not.
        interval: seconds between two readings.
        counts: whether a reading is the joules used so far; otherwise it is the watts of the moment.
        read: the reading, None where it failed.
    """

    name: str
    covers: str
    interval: float
    counts: bool
    read: Callable[[], Optional[float]]


@dataclass(frozen=True)
class Absent:
    """A sensor that cannot be used.

    Args:
        reason: why, and what would mend it, in one sentence.
    """

    reason: str
