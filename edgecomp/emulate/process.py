"""A process of the emulator, and what is said when it does not end well."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import MeasurementError

_LAST_WORDS = 300


class EmulationError(MeasurementError):
    """The emulated interpreter crashed, or refused what it was given."""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Args:
        code: its exit code; that of a signal is negative.
        stdout: what it printed.
        stderr: likewise.
    """

    code: int
    stdout: str
    stderr: str

    @property
    def reason(self) -> str:
        """One line: the signal that ended it, or the last thing it said."""
        if self.code < 0:
            return f"it crashed ({signal.Signals(-self.code).name})"
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return lines[-1][:_LAST_WORDS] if lines else f"it ended with exit code {self.code}"


def run_process(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    folder: Path,
    on_line: Callable[[str], object] = lambda _: None,
) -> Ended:
    """Runs a command to its end.

    Args:
        command: program and arguments.
        environment: the process gets these variables and no others.
        folder: to run in; it gets a file `stderr`.
        on_line: called with each line of stdout as it comes.
    """
    lines = []
    with (folder / "stderr").open("w+", errors="replace") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            errors="replace",
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                on_line(line.rstrip("\n"))
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        errors.seek(0)
        return Ended(code, "".join(lines), errors.read())
