"""The small files of /proc and /sys, read so that none of them can do harm."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

MOST_BYTES = 2**16
"""Far more than any file of a sensor holds."""

MOST_DIGITS = 20
"""Those of a 64-bit number."""


def read_text(path: Path) -> str:
    """A file's beginning as text; "" where it is absent or cannot be read.

    Sensors fail while they are being read in as many ways as there are drivers: EAGAIN, ENODATA, EIO.
    """
    try:
        with open(path, "rb") as file:
            return file.read(MOST_BYTES).decode("ascii", errors="replace")
    except (OSError, ValueError):
        return ""


def read_number(path: Path) -> Optional[int]:
    """The whole number that a file holds, or None where there is none."""
    return whole_number(read_text(path).strip())


def whole_number(text: str) -> Optional[int]:
    """A decimal number as drivers write it, or None.

    `int` alone takes more than that ("1_000", other scripts' digits), and refuses very long ones with an error.
    """
    digits = text[1:] if text.startswith("-") else text
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS else None
