"""What a measurement found, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Optional

import numpy as np

from ..engines import EngineInfo
from .cold import ColdStart
from .device import Device
from .energy import Energy
from .percentiles import Latency
from .probe import Snapshot
from .windows import Window


@dataclass(frozen=True)
class WindowSummary:
    """One window: a point of the curve over time. What a sensor does not say is None.

    Args:
        start: seconds after the measurement began.
        seconds: how long it took.
        runs: inferences made.
        p50_ms: median of its times.
        temperature_c: of the hottest sensor at its end.
        frequency_mhz: of the fastest CPU at its end.
        throttled: what the board said of throttling at its end.
    """

    start: float
    seconds: float
    runs: int
    p50_ms: float
    temperature_c: Optional[float]
    frequency_mhz: Optional[float]
    throttled: Optional[tuple[str, ...]]


@dataclass(frozen=True)
class BenchResult:
    """What was measured, and whether it counts.

    Args:
        valid: whether there is no reason against it.
        reasons: why it is not valid; empty where it is.
        latency_ms: of the bare inference: the input is set already, the output not yet read.
        load_ms: reading the file and building the interpreter, in this process.
        first_ms: the first inference in this process; None where the model had run before.
        warm_up_runs: made before measuring.
        seconds: how long was measured.
        peak_memory_bytes: the most memory the whole process has held up to the first inference, Python and NumPy
            included; None where the system does not say.
        engine: what it ran on, with threads and whether the delegate really ran.
        machine: the system, architecture and Python.
        mode: the plan's name.
        throughput_per_second: inferences one after another; the median of the windows.
        windows: the parts of the measurement in their order.
        notes: what is worth knowing and no reason against the measurement.
        not_available: sensors that this machine has not.
        device: which device it was.
        cpus: CPUs it was bound to; None where it was free.
        cold: starts in fresh processes; None where none was timed.
        energy: what an inference took, or why that is not available; None where it was not asked for.
        model_sha256: of the .tflite, 64 hexadecimal digits; None where a loaded model was measured, not a file.
        samples: for each window the single times in milliseconds, float64 [kept]; no part of `to_dict`.
    """

    valid: bool
    reasons: tuple[str, ...]
    latency_ms: Latency
    load_ms: float
    first_ms: Optional[float]
    warm_up_runs: int
    seconds: float
    peak_memory_bytes: Optional[int]
    engine: EngineInfo
    machine: str
    mode: str
    throughput_per_second: float
    windows: tuple[WindowSummary, ...]
    notes: tuple[str, ...]
    not_available: tuple[str, ...]
    device: Device
    cpus: Optional[tuple[int, ...]] = None
    cold: Optional[ColdStart] = None
    energy: Optional[Energy] = None
    model_sha256: Optional[str] = None
    samples: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)

    def __str__(self) -> str:
        from .describe import describe

        return describe(self)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data, without the single times."""
        data = {name: value for name, value in self.__dict__.items() if name != "samples"}
        return {name: _plain(value) for name, value in data.items()}


def summarize_windows(windows: Sequence[Window], ends: Sequence[Snapshot]) -> tuple[WindowSummary, ...]:
    """The curve over time.

    Args:
        windows: that were measured.
        ends: the machine's state at the end of each.
    """
    return tuple(
        WindowSummary(
            start=window.start,
            seconds=window.seconds,
            runs=window.runs,
            p50_ms=float(np.median(window.times_ms)),
            temperature_c=max(end.temperatures_c.values()) if end.temperatures_c else None,
            frequency_mhz=max(end.frequencies_khz.values()) / 1000 if end.frequencies_khz else None,
            throttled=None if end.throttled_now is None else tuple(sorted(end.throttled_now)),
        )
        for window, end in zip(windows, ends)
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return asdict(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value
