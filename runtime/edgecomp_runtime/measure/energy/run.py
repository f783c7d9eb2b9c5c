"""Measures the energy of inferences in a run of their own.

Not while latency is measured: reading a sensor takes time, and on a Raspberry Pi 5 a process each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from ..windows import repeat
from .curve import Span
from .meter import Energy, EnergyMeter

IDLE_SECONDS = 5.0
BUSY_SECONDS = 10.0
"""A USB meter that logs once a second has ten readings by then."""


def measure_energy(
    invoke: Callable[[], Any],
    meter: EnergyMeter,
    *,
    idle_seconds: Optional[float] = None,
    busy_seconds: Optional[float] = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Energy:
    """Rests, then runs inferences one after another, and reads the sensor meanwhile.

    Args:
        invoke: one inference, warmed up.
        meter: the sensor; without one this returns at once.
        idle_seconds: how long to rest; `IDLE_SECONDS` where nothing is said.
        busy_seconds: how long to run, at least; `BUSY_SECONDS` where nothing is said.
        progress: called now and then with the share done, 0 to 1.
    """
    if not meter.available:
        return Energy(meter.why_not)
    resting = IDLE_SECONDS if idle_seconds is None else idle_seconds
    running = BUSY_SECONDS if busy_seconds is None else busy_seconds
    whole = resting + running
    with meter:
        idle = meter.rest(resting)
        progress(resting / whole)
        start = meter.now()
        kept = repeat(
            invoke,
            running,
            1,
            most_kept=2,
            progress=lambda share: progress((resting + running * share) / whole),
        )
        busy = Span(start, meter.now())
    return meter.energy(idle, busy, kept.runs)
