"""A connection: an ssh process, with lines of JSON and bytes in both directions."""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from ..errors import EdgecompError, InputError
from .command import ssh_command
from .failures import broken, printable, why_not_connected
from .host import Access, Host

GREETING_SECONDS = 60
"""From the start of ssh to the greeting of the program over there; a small board takes seconds to start Python."""

GOODBYE_SECONDS = 10
"""Given to the other end to remove its files after the connection is closed."""

_LONGEST_LINE = 256 * 2**20
_BEFORE_GREETING = 64 * 1024
"""What a login may print (messages of the day, a chatty .bashrc) before the greeting."""

_PROGRAM = Path(__file__).with_name("device_side.py")


class Connection:
    """A program on a device that answers requests.

    Args:
        host: the device.
        access: how to reach it.

    Raises:
        InputError: it cannot be reached, does not let us in, or has no Python.
        HostKeyError: it shows another host key than the known one.
    """

    def __init__(self, host: Host, access: Access) -> None:
        self.host = host
        self._waiting = bytearray()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
        self._process = subprocess.Popen(
            ssh_command(host, access),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,  # Ctrl-C is ours to handle: ssh has to stay until the other end has cleaned up
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        try:
            self.greeting = self._greet()
        except BaseException:
            self.close()
            raise

    def _greet(self) -> dict[str, Any]:
        """Sends the program and waits until it answers; what a login prints before is passed over."""
        token = secrets.token_hex(8)
        seen = bytearray()
        try:
            self._write(_PROGRAM.read_bytes() + b"\0" + json.dumps({"token": token}).encode() + b"\n")
            deadline = time.monotonic() + GREETING_SECONDS
            while len(seen) < _BEFORE_GREETING:
                line = self._line(deadline)
                if token.encode() in line:
                    return self._understood(line)
                if b'"refused"' in line:
                    self._understood(line)
                seen += line + b"\n"
        except (EOFError, BrokenPipeError):
            seen += self._rest()
        except TimeoutError:
            raise InputError(f"{self.host}: does not answer; is it overloaded, or is this no shell login?") from None
        raise why_not_connected(self.host, self._end(GOODBYE_SECONDS), seen.decode("utf-8", "replace"), self.stderr())

    def ask(self, request: dict[str, Any], doing: str) -> dict[str, Any]:
        """Sends a request and returns the answer.

        Args:
            request: see `device_side`.
            doing: for the message when the connection breaks.

        Raises:
            ConnectionBrokenError: it broke.
            InputError, EdgecompError: the device refuses; the message says why.
        """
        try:
            self._write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:
            raise broken(self.host, doing, self.stderr()) from None
        return self.answer(doing)

    def answer(self, doing: str) -> dict[str, Any]:
        """The next answer; errors as of `ask`."""
        try:
            return self._understood(self._line(None))
        except EOFError:
            self._end(1)
            raise broken(self.host, doing, self.stderr()) from None

    def send(self, data: bytes | memoryview, doing: str) -> None:
        """Sends bytes that were announced; errors as of `ask`."""
        try:
            self._write(data)
        except BrokenPipeError:
            self.answer(doing)  # the device may have said why it takes no more
            raise broken(self.host, doing, self.stderr()) from None

    def close(self) -> None:
        """Ends the connection; the other end then removes what is temporary."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._end(GOODBYE_SECONDS)
        self._process.stdout.close()
        self._errors.close()

    def abort(self) -> None:
        """Ends the connection from another thread: whatever is under way fails, and its own thread closes."""
        self._process.terminate()

    def stderr(self) -> str:
        """What ssh, and the programs over there, have said."""
        size = os.fstat(self._errors.fileno()).st_size
        return os.pread(self._errors.fileno(), 64 * 1024, max(0, size - 64 * 1024)).decode("utf-8", "replace")

    def _end(self, seconds: float) -> int | None:
        """Waits for ssh; its exit code, or None where it had to be ended."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None

    def _write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._to, view) :]

    def _line(self, deadline: float | None) -> bytes:
        searched = 0
        while (end := self._waiting.find(b"\n", searched)) < 0:
            searched = len(self._waiting)
            if searched > _LONGEST_LINE:
                raise InputError(f"{self.host}: its answer has no end")
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._from], [], [], wait)[0]:
                raise TimeoutError
            data = os.read(self._from, 256 * 1024)
            if not data:
                raise EOFError
            self._waiting += data
        line = bytes(self._waiting[:end])
        del self._waiting[: end + 1]
        return line

    def _rest(self) -> bytes:
        rest = bytes(self._waiting)
        self._waiting.clear()
        return rest

    def _understood(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise EdgecompError(f"{self.host}: answered with something that is no JSON object")
        if "refused" in message:
            raise _refusal(self.host, str(message["refused"]), str(message.get("message")))
        return message


class RefusedError(InputError):
    """The device cannot do what it was asked for."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _refusal(host: Host, kind: str, message: str) -> RefusedError:
    what = {
        "full": "its disk is full",
        "changed": "the upload did not arrive whole",
        "output": "it said too much",
        "system": "its system refused",
    }.get(kind, "it refused")
    mend = "; make room there and run this again" if kind == "full" else ""
    return RefusedError(kind, f"{host}: {what}: {printable(message)}{mend}")
