"""A clock that readings of a sensor move, and a USB meter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from edgecomp_runtime.measure.energy.source import Source

STEP = 0.01
"""Seconds between two readings, on the clock that they move."""


class Clock:
    """In place of the module `time`: it only goes on when something is read, however busy the machine is."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._moved = threading.Condition()

    def monotonic(self) -> float:
        """The moment."""
        return self._now

    def time(self) -> float:
        """The moment in Unix time."""
        return self._now + 1.7e9

    def sleep(self, seconds: float) -> None:
        """Waits for as many readings as fit into the time."""
        end = self._now + seconds
        with self._moved:
            assert self._moved.wait_for(lambda: self._now >= end, timeout=120), "nothing is read"

    def advance(self) -> None:
        """Something is read."""
        with self._moved:
            self._now += STEP
            self._moved.notify_all()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that energy is measured by."""
    made = Clock()
    monkeypatch.setattr("edgecomp_runtime.measure.energy.meter.time", made)
    return made


@pytest.fixture
def sensor(clock: Clock) -> Callable[..., Source]:
    """Makes a sensor of a function; reading it moves the clock."""

    def make(read: Callable[[], float | None], counts: bool = False) -> Source:
        def reading() -> float | None:
            value = read()
            clock.advance()
            return value

        return Source("a fake sensor", "everything", interval=0.001, counts=counts, read=reading)

    return make


@dataclass
class UsbMeter:
    """A meter whose program logs what it is told that it measures."""

    log: Path
    watts: float = 2.0


@pytest.fixture
def usb_meter(tmp_path: Path, clock: Clock) -> Iterator[UsbMeter]:
    """A meter that logs a hundred times a second; each line moves the clock."""
    meter, stop = UsbMeter(tmp_path / "meter.csv"), threading.Event()
    meter.log.write_text("time,voltage,current\n")

    def write() -> None:
        while not stop.wait(0.001):
            with meter.log.open("a") as file:
                file.write(f"{clock.time()},5.0,{meter.watts / 5}\n")
            clock.advance()

    writer = threading.Thread(target=write)
    writer.start()
    yield meter
    stop.set()
    writer.join()
