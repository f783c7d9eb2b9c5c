"""The kernel's hardware monitors: chips below /sys/class/hwmon that measure temperature, voltage, current and power.

https://docs.kernel.org/hwmon/sysfs-interface.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .small_files import read_text


@dataclass(frozen=True)
class Sensor:
    """One channel of a chip.

    Args:
        folder: of the chip.
        channel: "temp1", "power1", ...
        label: what the driver calls the channel; where it says nothing, `channel`.
        name: the chip's name and the label.
    """

    folder: Path
    channel: str
    label: str
    name: str

    def file(self, what: str) -> Path:
        """The file of one attribute ("input", "label", "max")."""
        return self.folder / f"{self.channel}_{what}"


@dataclass(frozen=True)
class HardwareMonitor:
    """One chip.

    Args:
        folder: below /sys/class/hwmon.
        name: what its driver calls it ("ina219", "cpu_thermal", "nvme").
    """

    folder: Path
    name: str

    def sensors(self, kind: str) -> Iterator[Sensor]:
        """Its channels of a kind.

        Args:
            kind: "temp" (thousandths of a degree Celsius), "in" (mV), "curr" (mA) or "power" (µW).
        """
        for file in sorted(self.folder.glob(f"{kind}[0-9]*_input")):
            channel = file.name[: -len("_input")]
            label = read_text(self.folder / f"{channel}_label").strip() or channel
            yield Sensor(self.folder, channel, label, f"{self.name} {label}")


def hardware_monitors(root: Path) -> Iterator[HardwareMonitor]:
    """The chips that the kernel knows.

    Args:
        root: the folder that has `sys`.
    """
    for folder in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        yield HardwareMonitor(folder, read_text(folder / "name").strip() or folder.name)
