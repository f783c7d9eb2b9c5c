"""Which device a measurement was made on, so that figures of two are not taken for figures of one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .small_files import read_text, whole_number


@dataclass(frozen=True)
class Device:
    """A device, as its kernel describes it. What that does not say is None.

    Args:
        board: of boards with a device tree, its model; of PCs, the product's name.
        cpu: the processor's model.
        cpus: their number.
        memory_bytes: of the whole machine.
    """

    board: Optional[str]
    cpu: Optional[str]
    cpus: int
    memory_bytes: Optional[int]

    def __str__(self) -> str:
        memory = f"{self.memory_bytes / 2**30:.1f} GiB" if self.memory_bytes else None
        return ", ".join(filter(None, (self.board, self.cpu, f"{self.cpus} CPU(s)", memory)))


def this_device(root: Path = Path("/")) -> Device:
    """The device this runs on.

    Args:
        root: the folder that has `proc` and `sys`.
    """
    board = read_text(root / "proc/device-tree/model") or read_text(root / "sys/class/dmi/id/product_name")
    processors = read_text(root / "proc/cpuinfo")
    described = _pairs(processors)
    words = _pairs(read_text(root / "proc/meminfo")).get("MemTotal", "").split()
    kibibytes = whole_number(words[0]) if words else None
    return Device(
        board=board.strip("\0 \n\t") or described.get("Model"),
        cpu=described.get("model name") or described.get("Hardware") or _arm_cores(processors),
        cpus=os.cpu_count() or 1,
        memory_bytes=None if kibibytes is None else kibibytes * 1024,
    )


def _pairs(text: str) -> dict[str, str]:
    """The first value of each key of lines like "key : value"."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if value.strip():
            found.setdefault(key.strip(), value.strip())
    return found


_ARM_PARTS = {
    "0xc07": "Cortex-A7",
    "0xd03": "Cortex-A53",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73",
    "0xd0a": "Cortex-A75",
    "0xd0b": "Cortex-A76",
    "0xd0d": "Cortex-A77",
    "0xd41": "Cortex-A78",
    "0xd4d": "Cortex-A715",
}
"""Arm's part numbers: the Main ID Register in each core's technical reference manual."""


def _arm_cores(processors: str) -> Optional[str]:
    """The kinds of Arm cores, each once: machines with big and little ones have several."""
    lines = [[word.strip() for word in line.split(":", 1)] for line in processors.splitlines()]
    parts = dict.fromkeys(line[1] for line in lines if line[0] == "CPU part" and len(line) == 2)
    if ["CPU implementer", "0x41"] not in lines or not parts:
        return None
    return " + ".join(_ARM_PARTS.get(part, f"CPU part {part}") for part in parts)
