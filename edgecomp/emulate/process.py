"""A process of the emulator, and what is said when it does not end well."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..ended import Ended
from ..errors import MeasurementError


class EmulationError(MeasurementError):
    """The emulated interpreter crashed, or refused what it was given."""


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
