"""RAPL: the energy counters of Intel's and AMD's processors.

https://docs.kernel.org/power/powercap/powercap.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Union

from ..small_files import read_number, read_text
from .source import Absent, Source

INTERVAL = 0.1
"""Seconds. The counters themselves are renewed about every millisecond."""


class Zone:
    """One counter, without its wraparounds.

    Args:
        folder: below /sys/class/powercap.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._range = read_number(folder / "max_energy_range_uj")
        self._last: Optional[int] = None
        self._total = 0

    def joules(self) -> Optional[float]:
        """Used since the first call; None where the counter cannot be read, or fell without saying how far it counts.

        It has to be called more often than the counter wraps around, which takes minutes.
        """
        now = read_number(self.folder / "energy_uj")
        if now is None or now < 0:
            return None
        if self._last is not None:
            step = now - self._last
            if step < 0:
                if not self._range or step + self._range < 0:
                    return None
                step += self._range
            self._total += step
        self._last = now
        return self._total / 1e6


def find_rapl(root: Path) -> Union[Source, Absent]:
    """The counters of this machine's processors and their memory.

    Args:
        root: the folder that has `sys`.
    """
    # intel-rapl:0 is a package, intel-rapl:0:2 a part of it. The memory is not counted in its package, cores are.
    folders = sorted((root / "sys/class/powercap").glob("intel-rapl:*"))
    counted = [one for one in folders if _name(one).startswith("package") or _name(one) == "dram"]
    if not counted:
        return Absent("RAPL: this machine has no such counters")
    if any(read_number(one / "energy_uj") is None for one in counted):
        return Absent(
            "RAPL: this user may not read the counters; run as root, or allow it until the next start with "
            "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj"
        )
    zones = [Zone(one) for one in counted]
    names = ", ".join(_name(one) for one in counted)
    return Source(
        name=f"RAPL ({names})",
        covers="processor packages, and memory where it has a counter of its own; not the rest of the machine",
        interval=INTERVAL,
        counts=True,
        read=lambda: _sum([zone.joules() for zone in zones]),
    )


def _name(folder: Path) -> str:
    return read_text(folder / "name").strip()


def _sum(values: list[Optional[float]]) -> Optional[float]:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
