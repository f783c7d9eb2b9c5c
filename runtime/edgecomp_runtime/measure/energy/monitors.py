"""Current sensors that the kernel drives: INA219, INA226, INA3221 and their like, as hwmon chips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

from ..hardware_monitor import HardwareMonitor, hardware_monitors
from ..small_files import read_number, read_text
from .source import Absent, Source

INTERVAL = 0.05
"""Seconds. The chips average over some milliseconds to tenths of a second, as their driver is set."""

WHOLE_BOARD = ("VDD_IN", "POM_5V_IN", "VDD_5V_IN")
"""Labels of the channel that all others are behind, on Nvidia's Jetson boards."""


@dataclass(frozen=True)
class Channel:
    """One place where a current is measured.

    Args:
        name: the chip's and the channel's.
        label: the channel's alone.
        watts: the power of the moment.
    """

    name: str
    label: str
    watts: Callable[[], Optional[float]]


def find_monitor(root: Path, wanted: Optional[str] = None) -> Union[Source, Absent]:
    """The current sensor that the board is supplied through.

    Args:
        root: the folder that has `sys`.
        wanted: the channel's name, where there are several.
    """
    found = [one for chip in hardware_monitors(root) if chip.name.startswith("ina") for one in _channels(chip)]
    if not found and wanted is None:
        return Absent(
            "hwmon: no INA219 or other INA sensor has a driver here (on a Raspberry Pi: dtoverlay=i2c-sensor,ina219)"
        )
    # Adding up channels would count twice what one of them has behind another.
    before_all = [one for one in found if one.label in WHOLE_BOARD]
    chosen = [one for one in found if wanted in (one.name, one.label)] if wanted is not None else before_all or found
    if len(chosen) != 1:
        names = ", ".join(one.name for one in found) or "none"
        which = "the board is behind" if wanted is None else f"{wanted} is"
        return Absent(f"hwmon: it is not clear which current sensor {which}; here are: {names}")
    only = chosen[0]
    if only.watts() is None:
        return Absent(f"hwmon: {only.name} cannot be read by this user, or gives no numbers")
    return Source(
        name=f"hwmon {only.name}",
        covers="everything that is supplied through the sensor",
        interval=INTERVAL,
        counts=False,
        read=only.watts,
    )


def _channels(chip: HardwareMonitor) -> list[Channel]:
    found = [Channel(one.name, one.label, _microwatts(one.file("input"))) for one in chip.sensors("power")]
    if found:
        return found
    for current in chip.sensors("curr"):
        number = current.channel[len("curr") :]
        label = read_text(chip.folder / f"in{number}_label").strip() or current.label
        volts = chip.folder / f"in{number}_input"
        if volts.exists():
            found.append(Channel(f"{chip.name} {label}", label, _product(volts, current.file("input"))))
    return found


def _microwatts(file: Path) -> Callable[[], Optional[float]]:
    def read() -> Optional[float]:
        number = read_number(file)
        return None if number is None else number / 1e6

    return read


def _product(millivolts: Path, milliamperes: Path) -> Callable[[], Optional[float]]:
    def read() -> Optional[float]:
        volts, amperes = read_number(millivolts), read_number(milliamperes)
        return None if volts is None or amperes is None else volts * amperes / 1e6

    return read
