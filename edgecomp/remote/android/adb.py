"""Phones that adb reaches: which there are, commands on them, files to them.

Google's own program and no library: what is connected and authorized is then what the person's `adb devices` shows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ...ended import Ended
from ...errors import InputError
from ..failures import last_words, printable

SCHEME = "adb"

_SDKS = ("ANDROID_HOME", "ANDROID_SDK_ROOT")
_SECONDS = 60.0
"""Enough for any short command; a phone that is asleep takes a few."""

_END = "edgecomp-ended"
"""Printed behind a command's output, with its exit code: old phones' adb tells none, and a broken one no end."""

_SERIAL = re.compile(r"[\w.:\[\]()%@+-]+", re.ASCII)

_STATES = {
    "unauthorized": "does not trust this computer: unlock it, and allow USB debugging in the question that it shows",
    "authorizing": "has not answered yet whether it trusts this computer: unlock it, and allow USB debugging",
    "offline": "is offline: unplug it and plug it in again, or run adb reconnect",
    "no permissions": "may not be used by this user: the udev rules for it are missing (on Debian and Ubuntu: "
    "apt install android-sdk-platform-tools-common, and plug it in again)",
}


class PhoneLostError(InputError):
    """A phone that answered before does so no longer."""


@dataclass(frozen=True)
class Listed:
    """A line of `adb devices`.

    Args:
        serial: names the phone.
        state: "device" where it can be used.
    """

    serial: str
    state: str

    @property
    def ready(self) -> bool:
        """Whether it takes commands."""
        return self.state == "device"

    @property
    def trouble(self) -> str:
        """Why it cannot be used, and what to do."""
        known = next((text for state, text in _STATES.items() if self.state.startswith(state)), None)
        return f"{self.serial} {known or f'is in the state {self.state!r}, and takes no commands'}"


def is_adb(text: str) -> bool:
    """Whether a place is meant as a phone: adb or adb:SERIAL."""
    return text == SCHEME or text.startswith(f"{SCHEME}:")


def parse_serial(text: str) -> str | None:
    """The serial in adb[:SERIAL]; None where none is named.

    Raises:
        InputError: what is named is no serial.
    """
    serial = text.partition(":")[2]
    if text == SCHEME:
        return os.environ.get("ANDROID_SERIAL") or None  # adb's own way of naming one
    if not _SERIAL.fullmatch(serial) or serial.startswith("-"):
        raise InputError(
            f"--on {printable(text)}: names no phone; write adb:SERIAL, with a serial that adb devices shows"
        )
    return serial


def find_adb() -> str:
    """The adb program: on the PATH, or where Android's SDK has it.

    Raises:
        InputError: there is none.
    """
    roots = [Path(os.environ[one]) for one in _SDKS if os.environ.get(one)]
    roots.append(Path.home() / "Android" / "Sdk")
    known = (shutil.which("adb"), *(shutil.which("adb", path=str(root / "platform-tools")) for root in roots))
    for found in known:
        if found is not None:
            return found
    raise InputError(
        "there is no adb here; install Android's platform tools (apt install adb), or set ANDROID_HOME to the SDK"
    )


def connect(serial: str | None) -> Adb:
    """The phone to use: the one that is named, or the only one there is.

    Raises:
        InputError: there is no adb, no phone, or several; or it cannot be used.
    """
    program = find_adb()
    phones = listed(program)
    if serial is not None:
        found = next((one for one in phones if one.serial == serial), None)
        if found is None:
            names = ", ".join(one.serial for one in phones) or "none"
            raise InputError(f"{serial}: adb knows no such phone (it knows: {names}); check adb devices")
        if not found.ready:
            raise InputError(found.trouble)
        return Adb(program, serial)
    ready = [one for one in phones if one.ready]
    if len(ready) > 1:
        names = ", ".join(one.serial for one in ready)
        raise InputError(f"several phones are connected ({names}); name one, as in --on adb:{ready[0].serial}")
    if ready:
        return Adb(program, ready[0].serial)
    if phones:
        raise InputError("; ".join(one.trouble for one in phones))
    raise InputError(
        "adb finds no phone; switch on USB debugging in its developer options, plug it in, and check adb devices"
    )


def listed(program: str) -> list[Listed]:
    """What `adb devices` shows.

    Raises:
        InputError: adb does not work here.
    """
    ended = _run([program, "devices"], _SECONDS, "adb devices")
    if ended.returncode:
        raise InputError(f"adb devices fails ({last_words(ended.stderr) or 'it does not say why'})")
    lines = [line.split("\t", 1) for line in ended.stdout.splitlines() if "\t" in line]
    return [Listed(printable(serial.strip()), printable(state.strip())) for serial, state in lines]


@dataclass(frozen=True)
class Adb:
    """A phone that takes commands.

    Args:
        program: path of adb.
        serial: names the phone.
    """

    program: str
    serial: str

    def shell(self, command: str, *, doing: str, seconds: float = _SECONDS) -> Ended:
        """Runs a command of the phone's shell.

        Args:
            command: for its `sh`; what comes from elsewhere has to be quoted.
            doing: what it is for, for messages.
            seconds: after these it is given up.

        Returns:
            how it ended; what it wrote to both streams is in `stdout`.

        Raises:
            PhoneLostError: the phone has gone, or does not answer.
        """
        ended = self._adb(["shell", f"( {command}\n) </dev/null 2>&1; printf '\\n{_END} %s\\n' $?"], seconds, doing)
        output, found, rest = ended.stdout.replace("\r\n", "\n").rpartition(f"\n{_END} ")
        code = rest.strip()
        if not found or not code.isdigit():
            raise self._lost(doing, ended.stderr)
        return Ended(int(code), output)

    def push(self, source: Path, target: str, *, doing: str) -> None:
        """Sends a file.

        Raises:
            InputError: the phone does not take it.
            PhoneLostError: the phone has gone.
        """
        seconds = _SECONDS + source.stat().st_size / 100_000  # a poor cable brings a megabyte in ten seconds
        ended = self._adb(["push", str(source), target], seconds, doing)
        if ended.returncode == 0:
            return
        said = last_words(ended.stderr) or last_words(ended.stdout)
        if "remote" in said or "No space" in said:
            raise InputError(f"{self.serial}: does not take {source.name} ({said}); make room on the phone")
        raise self._lost(doing, ended.stderr)

    def _adb(self, arguments: list[str], seconds: float, doing: str) -> subprocess.CompletedProcess[str]:
        return _run([self.program, "-s", self.serial, *arguments], seconds, f"{self.serial}: {doing}")

    def _lost(self, doing: str, stderr: str) -> PhoneLostError:
        said = last_words(stderr)
        return PhoneLostError(
            f"{self.serial}: the connection broke off while {doing}{f' ({said})' if said else ''}; check the cable and "
            "adb devices, and run this again"
        )


def _run(command: list[str], seconds: float, doing: str) -> subprocess.CompletedProcess[str]:
    # A session of its own: Ctrl-C is for this program, which still has to tidy up on the phone by adb.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise PhoneLostError(f"{doing}: no answer within {seconds:.0f} s; check the phone and adb devices") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
