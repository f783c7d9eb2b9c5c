"""A device with the device package on it for as long as the connection lasts."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

from ..bundle.runtime_wheel import runtime_wheel
from ..ended import Ended
from ..errors import BudgetError, EdgecompError, InputError, IntegrityError, MeasurementError
from .connection import Connection
from .failures import last_words, printable
from .upload import Progress, Upload, send

_LOOKING = "looking at the device"

_UNPACK = """
import sys
from pathlib import Path
from edgecomp_runtime.bundle.read import read_manifest
from edgecomp_runtime.errors import EdgecompError
from edgecomp_runtime.install.packages import lay_out_packages
bundle, folder = map(Path, sys.argv[1:])
try:
    print(lay_out_packages(bundle, read_manifest(bundle), folder))
except EdgecompError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""

_BY_EXIT_CODE = {one.exit_code: one for one in (InputError, BudgetError, MeasurementError, IntegrityError)}


class Device:
    """An open connection to a device, and what can be done there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._path: list[str] = []
        self._titles: dict[str, str] = {}
        self.host = connection.host
        self.python = str(connection.greeting.get("python"))
        self.folder = str(connection.greeting.get("folder"))

    def send(self, upload: Upload, progress: Progress = lambda *_: None) -> str:
        """Sends a file; see `upload.send`."""
        path = send(self._connection, upload, progress)
        self._titles[path] = upload.title
        return path

    def remove(self, path: str) -> None:
        """Removes a file that was sent to be kept."""
        self._connection.ask({"do": "remove", "path": path}, "tidying up")

    def run(self, arguments: Sequence[str], *, doing: str) -> Ended:
        """Runs the device's Python, which finds what was brought.

        Args:
            arguments: of Python.
            doing: for messages.

        Raises:
            ConnectionBrokenError: the connection broke; the program is then ended.
        """
        message = self._connection.ask({"do": "run", "arguments": list(arguments), "path": self._path}, doing)
        stderr = ""
        while "stderr" in message:
            stderr = (stderr + str(message["stderr"]))[-65536:]
            message = self._connection.answer(doing)
        return Ended(int(message["code"]), str(message["stdout"]), stderr)

    def bring_package(self, *, keep: bool = False) -> None:
        """Lets the device's Python import the device package that is installed here; it is sent where it is not kept.

        It is read from its wheel: nothing is installed there.

        Args:
            keep: whether it stays there, so that the next connection need not send it.
        """
        name, wheel = runtime_wheel()
        upload = Upload.of_bytes(name, wheel)
        doing, asked = f"looking for {name}", {"sha256": upload.sha256}
        path = self._connection.ask({"do": "find", **asked}, doing).get("path")
        if path is None:
            path = self.send(upload)
            if keep:
                path = self._connection.ask({"do": "store", "path": path, **asked}, doing).get("path", path)
        self._titles[str(path)] = name
        self._path.append(str(path))

    def package(self, *arguments: str, doing: str) -> Ended:
        """Runs `edgecomp-runtime ARGUMENTS` over there."""
        return self.run(["-m", "edgecomp_runtime", *arguments], doing=doing)

    def script(self, source: str, *arguments: str, doing: str) -> Ended:
        """Runs a Python program over there, which may import the device package."""
        return self.run(["-c", source, *arguments], doing=doing)

    def use_packages(self, folder: str) -> None:
        """Lets the device's Python import from a folder there, before all else."""
        self._path.insert(0, folder)

    def use_packages_of(self, bundle: str) -> None:
        """Where no model can run there yet, unpacks the Python packages that a bundle brings, for this connection.

        Args:
            bundle: its path on the device.

        Raises:
            InputError: it brings none that fit the device.
        """
        if (self.package("doctor", "--json", doing=_LOOKING).data() or {}).get("healthy"):
            return
        ended = self.script(_UNPACK, bundle, self.folder, doing="unpacking Python packages")
        if ended.code != 0:
            raise self.failure(ended, "unpacking Python packages")
        self.use_packages(ended.stdout.strip())

    def ask_package(self, *arguments: str, doing: str) -> dict[str, Any]:
        """What `edgecomp-runtime ARGUMENTS --json` prints over there.

        Raises:
            EdgecompError: it ended with another exit code than 0; the error of that code, with its message.
        """
        ended = self.package(*arguments, "--json", doing=doing)
        found = ended.data()
        if ended.code != 0 or found is None:
            raise self.explained(ended, doing)
        return found

    def failure(self, ended: Ended, doing: str) -> EdgecompError:
        """The error that a program over there ended with, as one of ours."""
        said = last_words(ended.stderr).removeprefix("edgecomp-runtime: ")
        for path, title in self._titles.items():  # where it lies for a moment is nothing to anybody
            said = said.replace(path, title)
        kind = _BY_EXIT_CODE.get(ended.code, EdgecompError)
        if ended.code < 0:
            memory = " (out of memory?)" if ended.code == -signal.SIGKILL else ""
            return EdgecompError(f"{self.host}: {doing} was ended by signal {-ended.code}{memory}")
        return kind(f"{self.host}: {said or f'{doing} ended with exit code {ended.code}'}")

    def explained(self, ended: Ended, doing: str) -> EdgecompError:
        """The same, with the line that installs NumPy or an interpreter where one is missing."""
        if ended.code != InputError.exit_code:
            return self.failure(ended, doing)
        found = self.package("doctor", "--json", doing=_LOOKING).data() or {}
        if found.get("healthy", True):
            return self.failure(ended, doing)
        advice = "; ".join(printable(str(line)) for line in found.get("advice") or ())
        return InputError(f"{self.host}: no model can run there yet. On the device: {advice or 'pip install numpy'}")
