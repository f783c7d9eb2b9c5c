"""What this machine says of its own state: heat, clock rates, throttling, load, memory.

Everything comes from files below one root folder and from one program (`vcgencmd`, on Raspberry Pis), both of which
tests replace. A sensor that is absent, or says nonsense, is None: "not available", never a guess.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Optional

from .hardware_monitor import Sensor, hardware_monitors
from .small_files import read_number, read_text, whole_number

Run = Callable[[Sequence[str]], Optional[str]]
"""Runs a program and gives what it printed; None where there is none or it failed."""

PROGRAM_SECONDS = 2.0
"""A program that has not answered by then is taken for absent."""

THROTTLE_BITS = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
"""Bits 0 to 3 of `get_throttled`: now; bits 16 to 19: at some time since the machine started.

https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
"""
_SINCE_BOOT = 16

_COLDEST, _HOTTEST = -60.0, 200.0  # what lies outside is a sensor that is off or broken, as 0 K and 255 C are


@dataclass(frozen=True)
class Snapshot:
    """The machine's state at one moment. None is "not available".

    Args:
        time: seconds on the monotonic clock; only differences mean something.
        temperatures_c: degrees Celsius by the sensor's name.
        frequencies_khz: the clock rate of each CPU now, by its number.
        max_frequencies_khz: what the hardware allows, by CPU.
        governors: who decides on the clock rate ("performance", "ondemand", ...), by CPU.
        throttled_now: which of `THROTTLE_BITS` hold.
        throttled_since_boot: which of them held at some time since the machine started.
        load1: runnable tasks, averaged over a minute.
        steal_ticks: time in which other virtual machines had this one's CPUs, all CPUs together, since the start.
        busy_ticks: time in which the CPUs worked, all together; without what was stolen.
        total_ticks: all time of all CPUs, idle and stolen included.
        own_ticks: time that this process worked, all its threads together.
        swap_used_bytes: of the whole machine.
        memory_available_bytes: what can be had without swapping.
        cpu_capacities: the CPUs' relative strengths on machines with unequal ones (1024 is the strongest), by CPU.
    """

    time: float
    temperatures_c: Optional[dict[str, float]] = None
    frequencies_khz: Optional[dict[int, int]] = None
    max_frequencies_khz: Optional[dict[int, int]] = None
    governors: Optional[dict[int, str]] = None
    throttled_now: Optional[frozenset[str]] = None
    throttled_since_boot: Optional[frozenset[str]] = None
    load1: Optional[float] = None
    steal_ticks: Optional[int] = None
    busy_ticks: Optional[int] = None
    total_ticks: Optional[int] = None
    own_ticks: Optional[int] = None
    swap_used_bytes: Optional[int] = None
    memory_available_bytes: Optional[int] = None
    cpu_capacities: Optional[dict[int, int]] = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that are not available here."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is None)


def run_program(arguments: Sequence[str]) -> Optional[str]:
    """Runs a program for what it prints.

    Returns:
        its standard output, or None where there is no such program, it failed, or it took over `PROGRAM_SECONDS`.
    """
    try:
        ended = subprocess.run(
            list(arguments), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PROGRAM_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ended.stdout.decode(errors="replace")


class Probe:
    """Reads the machine's state, cheaply enough to be read between the windows of a measurement.

    Args:
        root: the folder that has `proc` and `sys`.
        run: runs a program.
    """

    def __init__(self, root: Path = Path("/"), run: Run = run_program) -> None:
        self.root = Path(root)
        self.run = run
        self._asks_vcgencmd = True

    def read(self) -> Snapshot:
        """The state now. Never raises for a sensor's sake."""
        cpus = self.root / "sys/devices/system/cpu"
        policies = _policies(cpus)
        throttled = self._throttled()
        memory = _memory(read_text(self.root / "proc/meminfo"))
        ticks = _machine_ticks(read_text(self.root / "proc/stat"))
        return Snapshot(
            time=time.monotonic(),
            temperatures_c=self._temperatures() or None,
            frequencies_khz=_numbers(policies, "scaling_cur_freq") or None,
            max_frequencies_khz=_numbers(policies, "cpuinfo_max_freq") or None,
            governors=_governors(policies) or None,
            throttled_now=None if throttled is None else _named(throttled),
            throttled_since_boot=None if throttled is None else _named(throttled >> _SINCE_BOOT),
            load1=_first_float(read_text(self.root / "proc/loadavg")),
            steal_ticks=ticks[0] if ticks else None,
            busy_ticks=ticks[1] if ticks else None,
            total_ticks=ticks[2] if ticks else None,
            own_ticks=_own_ticks(read_text(self.root / "proc/self/stat")),
            swap_used_bytes=_difference(memory.get("SwapTotal"), memory.get("SwapFree")),
            memory_available_bytes=memory.get("MemAvailable"),
            cpu_capacities=_capacities(cpus) or None,
        )

    def _throttled(self) -> Optional[int]:
        # The kernel of Raspberry Pi OS has the same number in a file, which costs no process.
        for file in sorted(self.root.glob("sys/devices/platform/soc*/soc*firmware/get_throttled")):
            number = _hexadecimal(read_text(file))
            if number is not None:
                return number
        if not self._asks_vcgencmd:
            return None
        number = _hexadecimal((self.run(["vcgencmd", "get_throttled"]) or "").partition("=")[2])
        self._asks_vcgencmd = number is not None  # a process every time for nothing would be dear
        return number

    def _temperatures(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for zone in sorted((self.root / "sys/class/thermal").glob("thermal_zone*")):
            name = read_text(zone / "type").strip() or zone.name
            _add(found, name if name not in found else f"{name} ({zone.name})", read_number(zone / "temp"))
        # The kernel mirrors its thermal zones as hardware monitors, with "_" for "-" in their names.
        zones = {name.replace("-", "_") for name in found}
        for monitor in hardware_monitors(self.root):
            if monitor.name not in zones:
                for sensor in monitor.sensors("temp"):
                    _add(found, sensor.name, _input(sensor))
        return found


def _add(found: dict[str, float], name: str, millidegrees: Optional[int]) -> None:
    if millidegrees is not None and _COLDEST <= millidegrees / 1000 <= _HOTTEST:
        found[name] = millidegrees / 1000


def _input(sensor: Sensor) -> Optional[int]:
    return read_number(sensor.file("input"))


def _named(bits: int) -> frozenset[str]:
    return frozenset(name for place, name in enumerate(THROTTLE_BITS) if bits >> place & 1)


def _hexadecimal(text: str) -> Optional[int]:
    try:
        number = int(text.strip(), 16)
    except ValueError:
        return None
    return number if 0 <= number < 2**32 else None


def _policies(cpus: Path) -> list[tuple[Path, list[int]]]:
    """The folders of cpufreq and the CPUs that each of them governs."""
    found = []
    for policy in sorted((cpus / "cpufreq").glob("policy*")):
        numbers = map(whole_number, read_text(policy / "affected_cpus").split())
        found.append((policy, [cpu for cpu in numbers if cpu is not None and cpu >= 0]))
    return found


def _numbers(policies: Sequence[tuple[Path, list[int]]], file: str) -> dict[int, int]:
    found = {}
    for policy, governed in policies:
        number = read_number(policy / file)
        if number is not None and number > 0:
            found.update(dict.fromkeys(governed, number))
    return found


def _governors(policies: Sequence[tuple[Path, list[int]]]) -> dict[int, str]:
    found = {}
    for policy, governed in policies:
        name = read_text(policy / "scaling_governor").strip()
        if name:
            found.update(dict.fromkeys(governed, name))
    return found


def _capacities(cpus: Path) -> dict[int, int]:
    found = {}
    for file in cpus.glob("cpu[0-9]*/cpu_capacity"):
        number, cpu = read_number(file), whole_number(file.parent.name[len("cpu") :])
        if number is not None and number > 0 and cpu is not None:
            found[cpu] = number
    return dict(sorted(found.items()))


def _first_float(text: str) -> Optional[float]:
    try:
        number = float(text.split()[0])
    except (ValueError, IndexError):
        return None
    return number if 0 <= number < float("inf") else None


def _machine_ticks(text: str) -> Optional[tuple[int, int, int]]:
    """Stolen, busy and all ticks, from the first line of /proc/stat (man 5 proc_stat)."""
    words = text.partition("\n")[0].split()
    # user, nice, system, idle, iowait, irq, softirq, steal; what guests use is counted in user already
    counts = [count for count in map(whole_number, words[1:9]) if count is not None and count >= 0]
    if words[:1] != ["cpu"] or len(counts) < 8:
        return None
    idle, stolen = counts[3] + counts[4], counts[7]
    return stolen, sum(counts) - idle - stolen, sum(counts)


def _own_ticks(text: str) -> Optional[int]:
    # The program's name, in brackets, can hold anything; what follows are numbers, the 12th and 13th the times.
    times = [whole_number(word) for word in text.rpartition(")")[2].split()[11:13]]
    known = [ticks for ticks in times if ticks is not None and ticks >= 0]
    return sum(known) if len(known) == 2 else None


def _memory(text: str) -> dict[str, int]:
    """Bytes by name, from /proc/meminfo."""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        kibibytes = whole_number(words[0]) if len(words) == 2 and words[1] == "kB" else None
        if kibibytes is not None and kibibytes >= 0:
            found[name] = kibibytes * 1024
    return found


def _difference(whole: Optional[int], part: Optional[int]) -> Optional[int]:
    return None if whole is None or part is None else max(whole - part, 0)
