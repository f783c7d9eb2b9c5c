"""A phone that is a folder, and a stand-in for adb that reaches it."""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from .transcripts import WITH_PERCENTILES

SERIAL = "R5CT123ABC"

PROPERTIES = {
    "ro.product.manufacturer": "Google",
    "ro.product.model": "Pixel 8",
    "ro.build.version.release": "15",
    "ro.build.version.sdk": "35",
    "ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a",
    "ro.soc.model": "Tensor G3",
}

THERMAL = """IsStatusOverride: false
Thermal Status: 0
Cached temperatures:
\tTemperature{mValue=99.0, mType=0, mName=CPU0, mStatus=0}
HAL Ready: true
Current temperatures from HAL:
\tTemperature{mValue=41.0, mType=0, mName=CPU0, mStatus=0}
\tTemperature{mValue=43.5, mType=0, mName=CPU7, mStatus=0}
\tTemperature{mValue=55.0, mType=1, mName=GPU, mStatus=0}
Current cooling devices from HAL:
"""

BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  level: 83
  scale: 100
  temperature: 287
"""

PROGRAM = """#!/bin/sh
number=$(( $(cat "$STAND_IN_PHONE/runs" 2>/dev/null || echo 0) + 1 ))
echo $number > "$STAND_IN_PHONE/runs"
[ -e "$STAND_IN_PHONE/slow" ] && exec sleep 60
limit=sys/devices/system/cpu/cpu7/cpufreq/scaling_max_freq
[ -e "$STAND_IN_PHONE/limit_from_$number" ] && cp "$STAND_IN_PHONE/limit_from_$number" "$STAND_IN_PHONE/$limit"
[ -e "$STAND_IN_PHONE/hot_from_$number" ] && cp "$STAND_IN_PHONE/hot_from_$number" "$STAND_IN_PHONE/thermal"
cat "$STAND_IN_PHONE/transcript_$number" 2>/dev/null || cat "$STAND_IN_PHONE/transcript"
exit $(cat "$STAND_IN_PHONE/exit_$number" 2>/dev/null || cat "$STAND_IN_PHONE/exit" 2>/dev/null || echo 0)
"""

ELF_ARM64 = struct.pack("<4sBBBB8xHH", b"\x7fELF", 2, 1, 1, 0, 3, 183) + bytes(44)


@dataclass(frozen=True)
class Phone:
    """A phone, and what is on it.

    Args:
        root: the folder that it is.
        binary: a "benchmark_model" to send: the head of an ELF file for arm64, and nothing behind it.
    """

    root: Path
    binary: Path

    def says(self, name: str, text: str) -> None:
        """Sets one of the files that decide what it does."""
        (self.root / name).write_text(text)

    def prints(self, number: int, text: str) -> None:
        """What benchmark_model prints in its so many-th run."""
        self.says(f"transcript_{number}", text)

    @property
    def left(self) -> list[str]:
        """What lies where programs of ours were."""
        return sorted(one.name for one in (self.root / "data/local/tmp").iterdir())

    @property
    def commands(self) -> list[str]:
        """What adb was asked to do."""
        return (self.root / "log").read_text().splitlines()


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Phone:
    root = tmp_path / "phone"
    for folder in ("bin", "data/local/tmp", "proc", "sys/devices/system/cpu/cpu7/cpufreq"):
        (root / folder).mkdir(parents=True)
    clocks = root / "sys/devices/system/cpu/cpu7/cpufreq"
    (clocks / "scaling_max_freq").write_text("2914000\n")
    (clocks / "cpuinfo_max_freq").write_text("2914000\n")
    (root / "proc/meminfo").write_text("MemTotal:        7812344 kB\n")
    cases = "\n".join(f'{key}) echo "{value}";;' for key, value in PROPERTIES.items())
    programs = {
        "getprop": f'case "$1" in\n{cases}\nesac',
        "dumpsys": 'case "$1" in thermalservice) cat "$STAND_IN_PHONE/thermal";; '
        "battery) cat \"$STAND_IN_PHONE/battery\";; power) echo '  mWakefulness=Awake';; esac",
        "settings": 'cat "$STAND_IN_PHONE/saver"',
    }
    for name, script in programs.items():
        (root / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (root / "bin" / name).chmod(0o755)
    files = {"thermal": THERMAL, "battery": BATTERY, "saver": "0\n", "program": PROGRAM}
    files |= {"devices": f"{SERIAL}\tdevice", "transcript": WITH_PERCENTILES.format(median=8299)}
    for name, text in files.items():
        (root / name).write_text(text)
    here = tmp_path / "bin"
    here.mkdir()
    (here / "adb").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -I -S "{Path(__file__).parent / "stand_in_adb.py"}" "$@"\n'
    )
    (here / "adb").chmod(0o755)
    monkeypatch.setenv("PATH", f"{here}:/usr/bin:/bin")
    monkeypatch.setenv("STAND_IN_PHONE", str(root))
    monkeypatch.delenv("EDGECOMP_BENCHMARK_MODEL", raising=False)
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    binary = tmp_path / "android_aarch64_benchmark_model"
    binary.write_bytes(ELF_ARM64)
    return Phone(root, binary)
