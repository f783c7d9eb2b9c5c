"""The rails of a Raspberry Pi 5: its power chip measures voltage and current of each.

https://www.raspberrypi.com/documentation/computers/os.html#vcgencmd
"""

from __future__ import annotations

import re
from typing import Optional, Union

from ..probe import Run
from .source import Absent, Source

COMMAND = ("vcgencmd", "pmic_read_adc")

INTERVAL = 0.1
"""Seconds. A reading is a process, some milliseconds of one core's time."""

_LINE = re.compile(r"^\s*(\w+)_([AV])\b[^=\n]*=\s*(-?\d{1,6}(?:\.\d{1,12})?)[AV]\s*$", re.MULTILINE | re.ASCII)


def find_pmic(run: Run) -> Union[Source, Absent]:
    """The rails, where this is a board that measures them.

    Args:
        run: runs a program.
    """

    def read() -> Optional[float]:
        return rails_watts(run(COMMAND) or "")

    if read() is None:
        return Absent("Raspberry Pi: vcgencmd pmic_read_adc gives no currents (only a Raspberry Pi 5 measures them)")
    return Source(
        name="Raspberry Pi 5 power chip (vcgencmd pmic_read_adc)",
        covers="the rails behind the power chip; not its own losses, USB devices or fans at 5 V",
        interval=INTERVAL,
        counts=False,
        read=read,
    )


def rails_watts(text: str) -> Optional[float]:
    """Adds up volts times amperes of the rails that have both; None where none has.

    Args:
        text: what `vcgencmd pmic_read_adc` prints.
    """
    values = {(rail, unit): float(number) for rail, unit, number in _LINE.findall(text)}
    powers = [
        amperes * values[rail, "V"] for (rail, unit), amperes in values.items() if unit == "A" and (rail, "V") in values
    ]
    return sum(powers) if powers else None
