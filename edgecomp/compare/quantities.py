"""What can be compared, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..report.formats import count, decibels, milliseconds, percent, significant, size

POINTS = "points"
"""Percentage points."""


@dataclass(frozen=True)
class Quantity:
    """One kind of figure.

    Args:
        title: for people.
        more_is_better: which way is better.
        on_device: whether it depends on the device that it was measured on.
        timed: whether it counts only where the measurement is valid.
        text: the figure with its unit.
        difference: the unit in which two figures' difference is given; "" for quantities that are compared by ratio.
        scale: from the figure's unit to that of the difference.
    """

    title: str
    text: Callable[[float | None], str]
    more_is_better: bool = False
    on_device: bool = False
    timed: bool = False
    difference: str = ""
    scale: float = 1.0


def _joules(value: float | None) -> str:
    return "—" if value is None else f"{significant(value * 1000)} mJ"


def _plain(value: float | None) -> str:
    return "—" if value is None else significant(value)


QUANTITIES = {
    "accuracy": Quantity("Accuracy", percent, more_is_better=True, difference=POINTS, scale=100),
    "error": Quantity("Mean squared error", _plain),
    "agreement": Quantity("Agreement with float", percent, more_is_better=True, difference=POINTS, scale=100),
    "sqnr": Quantity("Output SQNR", decibels, more_is_better=True, difference="dB"),
    "latency": Quantity("Latency, p50", milliseconds, on_device=True, timed=True),
    "p90": Quantity("Latency, p90", milliseconds, on_device=True, timed=True),
    "p99": Quantity("Latency, p99", milliseconds, on_device=True, timed=True),
    "first": Quantity("First inference", milliseconds, on_device=True, timed=True),
    "load": Quantity("Load", milliseconds, on_device=True, timed=True),
    "memory": Quantity("Peak memory", size, on_device=True),
    "energy": Quantity("Energy an inference", _joules, on_device=True, timed=True),
    "energy-net": Quantity("Energy above idle", _joules, on_device=True, timed=True),
    "instructions": Quantity("Instructions", count, on_device=True),
    "size": Quantity("File size", size),
    "gzip": Quantity("Gzipped", size),
    "macs": Quantity("MACs", count),
    "params": Quantity("Parameters", count),
}
"""By the name that gates and JSON use, in the order in which they are shown."""
