"""What a phone says of itself: which it is, and how warm, how full and how fast it is right now.

Everything here is optional: makers close what others leave open, and what is not told stays unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..failures import printable
from .adb import Adb

_MARK = "edgecomp-part"

_PROPERTIES = {
    "maker": "ro.product.manufacturer",
    "model": "ro.product.model",
    "version": "ro.build.version.release",
    "api": "ro.build.version.sdk",
    "abis": "ro.product.cpu.abilist",
    "abi": "ro.product.cpu.abi",
    "chip": "ro.soc.model",
    "board": "ro.board.platform",
}

_IDENTITY = {
    **{name: f"getprop {key}" for name, key in _PROPERTIES.items()},
    "memory": "cat /proc/meminfo",
    "cpus": "ls -d /sys/devices/system/cpu/cpu[0-9]*",
}

_STATE = {
    "thermal": "dumpsys thermalservice",
    "battery": "dumpsys battery",
    "saver": "settings get global low_power",
    "power": "dumpsys power | grep mWakefulness=",
    "clocks": 'for one in /sys/devices/system/cpu/cpu[0-9]*/cpufreq; do echo "$one'
    + "".join(
        f" {key}=$(cat $one/{file})" for key, file in (("limit", "scaling_max_freq"), ("top", "cpuinfo_max_freq"))
    )
    + '"; done',
}

THERMAL = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""Android's names for its thermal status (android.os.PowerManager, THERMAL_STATUS_*)."""

_CPU_TEMPERATURE = 0
"""Android's number for a CPU's temperature (android.os.Temperature, TYPE_CPU)."""

_TEMPERATURE = re.compile(r"Temperature\{mValue=([-\d.]+), mType=(\d{1,15}), mName=([^,}]+), mStatus=(\d{1,15})\}")
_HAL = "Current temperatures from HAL"
_CLOCK = re.compile(r"cpu/cpu(\d{1,15})/cpufreq limit=(\d{0,15}) top=(\d{0,15})")


@dataclass(frozen=True)
class Identity:
    """Which phone it is.

    Args:
        name: maker and model.
        android: its version, as people say it.
        abis: what it runs, the best first.
        chip: of the processor.
        cpus: their number.
        memory_bytes: of the phone.
    """

    name: str
    android: str
    abis: tuple[str, ...]
    chip: str | None
    cpus: int | None
    memory_bytes: int | None


@dataclass(frozen=True)
class State:
    """How a phone is at one moment; None is what it does not tell.

    Args:
        thermal: an index into `THERMAL`: what the system holds back because of heat.
        cpu_c: the warmest CPU's temperature.
        battery: charge, 0 to 1.
        battery_c: its temperature.
        plugged: whether it is being charged.
        saver: whether the battery saver is on.
        awake: whether the screen is on.
        limits_khz: by CPU, the clock it may have now.
        tops_khz: by CPU, the clock it is built for.
    """

    thermal: int | None
    cpu_c: float | None
    battery: float | None
    battery_c: float | None
    plugged: bool | None
    saver: bool | None
    awake: bool | None
    limits_khz: dict[int, int] | None
    tops_khz: dict[int, int] | None


def identify(phone: Adb) -> Identity:
    """Asks a phone which it is."""
    parts = _asked(phone, _IDENTITY, "asking which phone it is")
    words = {name: " ".join(parts.get(name, "").split()) for name in _PROPERTIES}
    maker, model = words["maker"], words["model"]
    name = model if model.lower().startswith(maker.lower()) else f"{maker} {model}".strip()
    memory = re.search(r"MemTotal:\s+(\d{1,15}) kB", parts.get("memory", ""))
    cpus = len(set(re.findall(r"cpu/cpu(\d{1,15})$", parts.get("cpus", ""), re.MULTILINE)))
    version = f"Android {words['version'] or '?'}" + (f" (API {words['api']})" if words["api"] else "")
    abis = tuple(filter(None, (words["abis"] or words["abi"]).split(",")))
    chip = words["chip"] if words["chip"].lower() not in ("", "unknown") else words["board"]
    return Identity(
        name or phone.serial, version, abis, chip or None, cpus or None, int(memory[1]) * 1024 if memory else None
    )


def look(phone: Adb) -> State:
    """Asks a phone how it is."""
    parts = _asked(phone, _STATE, "asking how warm it is")
    thermal, battery, clocks = (parts.get(name, "") for name in ("thermal", "battery", "clocks"))
    limits, tops = _clocks(clocks)
    return State(
        thermal=_status(thermal),
        cpu_c=_cpu_temperature(thermal),
        battery=_share(battery),
        battery_c=_tenths(re.search(r"^\s*temperature: (-?\d{1,15})", battery, re.MULTILINE)),
        plugged=_flag(re.findall(r"^\s*(?:AC|USB|Wireless|Dock) powered: (true|false)", battery, re.MULTILINE)),
        saver={"1": True, "0": False, "null": False}.get(parts.get("saver", "").strip()),
        awake=_flag(["true" if one == "Awake" else "false" for one in re.findall(r"=(\w+)", parts.get("power", ""))]),
        limits_khz=limits,
        tops_khz=tops,
    )


def _asked(phone: Adb, questions: dict[str, str], doing: str) -> dict[str, str]:
    """The answers to several commands, in one go: each way to a phone and back takes a while."""
    script = "\n".join(f"printf '\\n{_MARK} {name}\\n'; {command} 2>/dev/null" for name, command in questions.items())
    output = printable(phone.shell(f"{script}\ntrue", doing=doing).stdout)
    parts = re.split(rf"^{_MARK} (\w+)$", output, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _status(text: str) -> int | None:
    found = re.search(r"Thermal Status: (\d{1,15})", text)
    return min(int(found[1]), len(THERMAL) - 1) if found else None


def _cpu_temperature(text: str) -> float | None:
    # What is cached may be old by hours.
    seen = [float(value) for value, kind, *_ in _TEMPERATURE.findall(text.partition(_HAL)[2]) if _is_cpu(value, kind)]
    return max(seen) if seen else None


def _is_cpu(value: str, kind: str) -> bool:
    return (
        int(kind) == _CPU_TEMPERATURE and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None and 0 < float(value) < 150
    )


def _share(text: str) -> float | None:
    level, scale = (re.search(rf"^\s*{name}: (\d{{1,15}})", text, re.MULTILINE) for name in ("level", "scale"))
    return int(level[1]) / max(int(scale[1]), 1) if level and scale else None


def _tenths(found: re.Match[str] | None) -> float | None:
    return int(found[1]) / 10 if found else None


def _flag(values: list[str]) -> bool | None:
    return "true" in values if values else None


def _clocks(text: str) -> tuple[dict[int, int] | None, dict[int, int] | None]:
    limits, tops = {}, {}
    for cpu, limit, top in _CLOCK.findall(text):
        if limit and top:
            limits[int(cpu)], tops[int(cpu)] = int(limit), int(top)
    return limits or None, tops or None
