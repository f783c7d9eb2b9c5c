"""How a program ended that ran elsewhere: under an emulator, on a device, on a phone."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import Any

_LAST_WORDS = 300


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Args:
        code: its exit code; that of a signal is negative.
        stdout: what it printed; all of it where the two streams cannot be told apart.
        stderr: likewise.
    """

    code: int
    stdout: str
    stderr: str = ""

    @property
    def reason(self) -> str:
        """One line: the signal that ended it, or the last thing it said."""
        if self.code < 0:
            return f"it crashed ({signal.Signals(-self.code).name})"
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return lines[-1][:_LAST_WORDS] if lines else f"it ended with exit code {self.code}"

    def data(self) -> dict[str, Any] | None:
        """The JSON object that it printed, or None; NaN and infinity are no JSON."""
        try:
            found = json.loads(self.stdout, parse_constant=_refused)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
