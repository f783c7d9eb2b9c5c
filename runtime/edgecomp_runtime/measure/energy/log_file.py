"""A meter's log: a CSV of times and power that something else writes, a USB meter's program for example.

Accepted: a header, then a row a reading; separated by commas, semicolons or tabs. Names are taken without regard to
case, with the unit behind ("Power (mW)", "power_mw", "current[A]") or without (W, V, A).

- time: `time`, `timestamp`, `date`, `datetime` or `unix`: Unix time in seconds or milliseconds, or ISO 8601, which is
  local time where it names no zone. It has to be the clock of this machine: readings are matched by it.
- power: `power` or `p`, or both of `voltage` (`u`, `v`) and `current` (`i`, `a`).
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Optional

from ...errors import InputError
from .curve import EnergyCurve

_TIME = ("time", "timestamp", "date", "datetime", "unix")
_POWER = ("power", "p", "watt", "watts", "w")
_VOLTAGE = ("voltage", "volt", "volts", "u", "v")
_CURRENT = ("current", "ampere", "amperes", "amps", "i", "a")

_SCALES = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "k": 1e3}
_NAME = re.compile(r"^([a-z]+)[\s_]*[(\[]?([mukµμ]?)([wvas]?)[)\]]?$")

_YEAR_2000 = 946_684_800.0
_MILLISECONDS_FROM = 1e11  # in seconds that would be the year 5138

Row = Sequence[str]


def read_log(path: Path) -> EnergyCurve:
    """Reads a meter's log.

    Returns:
        the energy over Unix time in seconds.

    Raises:
        InputError: there is no such file, or it is not such a log.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text; a meter's log is a CSV of time and power") from None
    lines = text.splitlines()
    if text and not text.endswith("\n"):
        lines.pop()  # its writer is in the middle of it
    if not lines:
        raise InputError(f"{path}: is empty; a meter's log has a header and a row for each reading")
    try:
        rows = list(csv.reader(lines, delimiter=max(",;\t", key=lines[0].count)))
    except csv.Error as error:
        raise InputError(f"{path}: is not a CSV ({error})") from None
    watts_of = _power_column(path, rows[0])
    place = _find(rows[0], _TIME)
    if place is None:
        raise InputError(f"{path}: has no column of times; one of {', '.join(_TIME)} is needed")
    times, watts = [], []
    for number, row in enumerate(rows[1:], start=2):
        if row:
            try:
                times.append(_unix_time(row[place[0]]))
                watts.append(watts_of(row))
            except (ValueError, IndexError, OverflowError, OSError):
                raise InputError(f"{path}: line {number} is not a time and numbers: {','.join(row)[:80]}") from None
    if times and min(times) < _YEAR_2000:
        raise InputError(f"{path}: its times start at {min(times):g} and not at a date; log Unix time or ISO 8601")
    return EnergyCurve.from_power(times, watts)


def _power_column(path: Path, header: Row) -> Callable[[Row], float]:
    power, volts, amperes = (_find(header, names) for names in (_POWER, _VOLTAGE, _CURRENT))
    if power is not None:
        return _value(*power)
    if volts is None or amperes is None:
        raise InputError(f"{path}: has neither a column of power nor both of voltage and current; log one of them")
    voltage, current = _value(*volts), _value(*amperes)
    return lambda row: _finite(voltage(row) * current(row))


def _find(header: Row, names: Sequence[str]) -> Optional[tuple[int, float]]:
    """The first column of one of these names, and what its numbers have to be multiplied with."""
    for place, title in enumerate(header):
        match = _NAME.match(title.strip().lower())
        if match and match[1] in names:
            return place, _SCALES[match[2]]
    return None


def _value(place: int, scale: float) -> Callable[[Row], float]:
    return lambda row: _finite(float(row[place]) * scale)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError
    return number


def _unix_time(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        # Python 3.9 and 3.10 do not know the Z of UTC
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip())).timestamp()
    return _finite(number) / 1000 if number > _MILLISECONDS_FROM else number
