"""Running the programs that setting up needs, and saying what is missing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError

PACKAGES = {
    "qemu-aarch64": "qemu-user",
    "qemu-arm": "qemu-user",
    "gcc": "gcc libc6-dev",
    "dpkg-deb": "dpkg",
}
"""Debian's packages, by program."""

_LAST_WORDS = 400


def require_programs(names: Sequence[str]) -> None:
    """Checks that programs are there.

    Raises:
        InputError: one is not; the message has the line that installs all that are missing.
    """
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    listed = ", ".join(missing)
    if shutil.which("apt-get") is None:
        raise InputError(
            f"emulating an ARM CPU needs {listed} and the packages of a Debian or Ubuntu system, and there is no "
            "apt-get here; use such a system, or a container of one"
        )
    packages = " ".join(dict.fromkeys(PACKAGES[name] for name in missing))
    raise InputError(f"emulating an ARM CPU needs {listed}; run: apt-get install {packages}")


def run_command(what: str, command: Sequence[str | Path]) -> str:
    """Runs a program to its end.

    Args:
        what: what it does, for the message.
        command: program and arguments.

    Returns:
        what it printed on stdout.

    Raises:
        InputError: it failed; the message has its last words.
    """
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if ended.returncode:
        last = " ".join((ended.stderr or ended.stdout).split())[-_LAST_WORDS:]
        raise InputError(f"{what} failed ({Path(command[0]).name} ended with {ended.returncode}): {last}")
    return ended.stdout
