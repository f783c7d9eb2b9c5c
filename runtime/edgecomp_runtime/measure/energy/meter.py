"""Finds the sensor, reads it while something is measured, and says what an inference took."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from ...errors import InputError
from ..probe import Run, run_program
from .curve import EnergyCurve, Span
from .log_file import read_log
from .monitors import find_monitor
from .pmic import find_pmic
from .rapl import find_rapl
from .source import Source

LOG_SECONDS = 5.0
"""A meter's log that lags behind is waited for so long."""

SMALLEST = 0.001
"""Of the idle power: sensors have no more than ten to twelve bits, so that a smaller difference is none."""

CLOCK_TOLERANCE = 0.1
"""Seconds by which the machine's clock may be set while a log is matched by it."""


@dataclass(frozen=True)
class Energy:
    """What inferences took, as a sensor measured it. Without a sensor there are no figures, only the reason.

    Args:
        reason: why a figure is None, and what would make it available; "" where all are there.
        source: the sensor.
        covers: what its figures include, and what they do not.
        readings: of the sensor while the inferences ran.
        joules: that were used meanwhile, idle included.
        seconds: how long that was.
        inferences: how many ran.
        busy_watts: the mean while they ran.
        idle_watts: the mean before, while nothing ran.
        idle_spread_watts: by how much the two halves of that differ: no smaller load can be told from idling.
        joules_per_inference: `joules` / `inferences`.
        net_joules_per_inference: the same without what idling so long would have used.
    """

    reason: str
    source: Optional[str] = None
    covers: Optional[str] = None
    readings: int = 0
    joules: Optional[float] = None
    seconds: Optional[float] = None
    inferences: Optional[int] = None
    busy_watts: Optional[float] = None
    idle_watts: Optional[float] = None
    idle_spread_watts: Optional[float] = None
    joules_per_inference: Optional[float] = None
    net_joules_per_inference: Optional[float] = None

    def __str__(self) -> str:
        if self.joules_per_inference is None or self.busy_watts is None:
            return f"not available: {self.reason}"
        net = self.net_joules_per_inference
        above = "" if net is None else f", {net * 1000:.4g} mJ of it above idle"
        idle = "not known" if self.idle_watts is None else f"{self.idle_watts:.3g} W"
        note = f"; {self.reason}" if self.reason else ""
        return (
            f"{self.joules_per_inference * 1000:.4g} mJ an inference{above} "
            f"({self.busy_watts:.3g} W, idle {idle}; {self.source}: {self.covers}{note})"
        )

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON-ready data."""
        return asdict(self)


class EnergyMeter:
    """Measures energy between moments; made by `find`, used as a context.

    Args:
        source: the sensor, or None.
        why_not: why there is none.
        log: a meter's log, instead of a sensor.
    """

    def __init__(self, source: Optional[Source], why_not: str = "", log: Optional[Path] = None) -> None:
        self.source = source
        self.why_not = why_not
        self.log = log
        self._times: list[float] = []
        self._values: list[float] = []
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._clock_before = 0.0

    @staticmethod
    def find(
        root: Path = Path("/"),
        run: Run = run_program,
        *,
        csv: Optional[Path] = None,
        sensor: Optional[str] = None,
    ) -> EnergyMeter:
        """Looks for a sensor: a current sensor, the rails of a Raspberry Pi 5, the processor's counters.

        Args:
            root: the folder that has `sys`.
            run: runs a program.
            csv: a meter's log, which comes before any sensor; see `log_file`. It must be there, and be readable.
            sensor: which current sensor, where there are several.

        Raises:
            InputError: the log is none, or there is no sensor of that name.
        """
        if csv is not None:
            read_log(csv)  # what is wrong with it shall be said now, not after minutes of measuring
            return EnergyMeter(None, log=csv)
        monitor = find_monitor(root, sensor)
        if sensor is not None and not isinstance(monitor, Source):
            raise InputError(monitor.reason)
        reasons = []
        for found in (monitor, find_pmic(run), find_rapl(root)):
            if isinstance(found, Source):
                return EnergyMeter(found)
            reasons.append(found.reason)
        return EnergyMeter(None, f"no energy sensor ({'; '.join(reasons)}); a USB meter's log is taken as well")

    @property
    def available(self) -> bool:
        """Whether there is something to read."""
        return self.source is not None or self.log is not None

    def __enter__(self) -> EnergyMeter:
        self._clock_before = time.time() - time.monotonic()
        if self.source is not None:
            self._times, self._values = [], []
            self._stop.clear()
            self._thread = threading.Thread(target=self._sample, args=(self.source,), name="energy", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    @staticmethod
    def now() -> float:
        """The moment, on the clock that spans are counted on."""
        return time.monotonic()

    def rest(self, seconds: float) -> Span:
        """Does nothing for a while, to see what idling takes; returns at once where nothing reads it."""
        start = self.now()
        if self.available:
            time.sleep(seconds)
        return Span(start, self.now())

    def energy(self, idle: Span, busy: Span, inferences: int) -> Energy:
        """What the inferences took. To be asked when the context has ended.

        Args:
            idle: when nothing ran.
            busy: when the inferences ran, and nothing else.
            inferences: how many; at least 1.
        """
        if not self.available:
            return Energy(self.why_not)
        try:
            curve = self._log_curve(busy) if self.log is not None else self._sampled_curve()
        except InputError as error:
            return Energy(str(error))
        source = str(self.log) if self.source is None else self.source.name
        covers = "whatever that meter measures" if self.source is None else self.source.covers
        problem = curve.why_not(busy)
        if problem is not None:
            return Energy(f"{source}: {problem}; measure longer", source, covers, curve.samples_in(busy))
        return _figures(curve, idle, busy, inferences, source, covers)

    def _sample(self, source: Source) -> None:
        while True:
            before = self.now()
            value = source.read()
            if value is not None:
                self._times.append((before + self.now()) / 2)
                self._values.append(value)
            if self._stop.wait(source.interval):
                return

    def _sampled_curve(self) -> EnergyCurve:
        assert self.source is not None
        build = EnergyCurve.from_counter if self.source.counts else EnergyCurve.from_power
        return build(self._times, self._values)

    def _log_curve(self, busy: Span) -> EnergyCurve:
        assert self.log is not None
        offset = time.time() - time.monotonic()
        if abs(offset - self._clock_before) > CLOCK_TOLERANCE:
            raise InputError(f"{self.log}: the machine's clock was set during the measurement; measure again")
        give_up = time.monotonic() + LOG_SECONDS
        while True:
            read = read_log(self.log)
            curve = EnergyCurve(read.times - offset, read.joules)
            behind = len(curve.times) == 0 or curve.times[-1] < busy.end
            if not behind or time.monotonic() > give_up:
                return curve
            time.sleep(0.2)


def _figures(curve: EnergyCurve, idle: Span, busy: Span, inferences: int, source: str, covers: str) -> Energy:
    joules = curve.between(busy)
    measured = Energy(
        reason="",
        source=source,
        covers=covers,
        readings=curve.samples_in(busy),
        joules=joules,
        seconds=busy.seconds,
        inferences=inferences,
        busy_watts=joules / busy.seconds,
        joules_per_inference=joules / inferences,
    )
    problem = curve.why_not(idle)
    if problem is not None:
        return replace(measured, reason=f"idle is not known: {problem}")
    middle = (idle.start + idle.end) / 2
    halves = [curve.watts(half) for half in (Span(idle.start, middle), Span(middle, idle.end))]
    resting, spread = curve.watts(idle), abs(halves[1] - halves[0])
    above = joules / busy.seconds - resting
    measured = replace(measured, idle_watts=resting, idle_spread_watts=spread)
    if above <= max(spread, SMALLEST * resting):
        return replace(measured, reason="what running takes above idling is too small for this sensor")
    return replace(measured, net_joules_per_inference=above * busy.seconds / inferences)
