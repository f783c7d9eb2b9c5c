"""A USB meter."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class UsbMeter:
    """A meter whose program logs what it is told that it measures."""

    log: Path
    watts: float = 2.0


@pytest.fixture
def usb_meter(tmp_path: Path) -> Iterator[UsbMeter]:
    """A meter that logs a hundred times a second."""
    meter, stop = UsbMeter(tmp_path / "meter.csv"), threading.Event()
    meter.log.write_text("time,voltage,current\n")

    def write() -> None:
        while not stop.wait(0.01):
            with meter.log.open("a") as file:
                file.write(f"{time.time()},5.0,{meter.watts / 5}\n")

    writer = threading.Thread(target=write)
    writer.start()
    yield meter
    stop.set()
    writer.join()
