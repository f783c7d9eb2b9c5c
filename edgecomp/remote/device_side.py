"""The other end of the connection: runs on the device, sent over by `connection.py`. Python 3.9, nothing else.

It answers requests, each a line of JSON on stdin, with lines of JSON on stdout. Its temporary folder and its child
processes go when it does, and it goes when the connection does, however that ends: so nothing is left behind.

    {"do": "receive", "name", "bytes", "sha256", "keep"}    takes a file; first says how much of it is there already
    {"do": "run", "arguments", "path"}                      runs this Python, which imports from these places first;
                                                            what it writes to stderr comes as it is written
    {"do": "remove", "path"}                                removes a file that was kept
    {"do": "find", "sha256"}                                says where the package with this hash is kept, or null
    {"do": "store", "path", "sha256"}                       keeps a package that was received, for later connections
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, BinaryIO

AT_ONCE = 256 * 1024
LONGEST_REQUEST = 2**20
LONGEST_OUTPUT = 64 * 2**20
STALLED_SECONDS = 10
STALE_SECONDS = 7 * 24 * 3600
"""Uploads that nobody has taken up for so long are removed by the next."""
UNUSED_SECONDS = 90 * 24 * 3600
"""The same for packages that nobody has used."""


class RefusedError(Exception):
    """A request that cannot be met; `kind` is for programs."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class GoneError(Exception):
    """Nobody is at the other end any more."""


class Incoming:
    """Stdin, without a buffer that anything else could miss."""

    def __init__(self) -> None:
        self.waiting = b""

    def line(self) -> bytes:
        """The next line."""
        while b"\n" not in self.waiting:
            if len(self.waiting) > LONGEST_REQUEST:
                raise GoneError
            self.waiting += self._more(65536)
        line, _, self.waiting = self.waiting.partition(b"\n")
        return line

    def some(self, most: int) -> bytes:
        """The next bytes, at least one and at most so many."""
        if self.waiting:
            taken, self.waiting = self.waiting[:most], self.waiting[most:]
            return taken
        return self._more(most)

    def _more(self, most: int) -> bytes:
        found = os.read(0, most)
        if not found:
            raise GoneError
        return found


def answer(message: dict[str, Any]) -> None:
    """Sends one line."""
    data = json.dumps(message).encode() + b"\n"
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        raise GoneError from None


class Session:
    """What this connection has here.

    Args:
        folder: its temporary folder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.uploads: dict[str, str] = {}

    def receive(self, request: dict[str, Any], incoming: Incoming) -> None:
        """Takes a file, from where an earlier upload of the same one ended."""
        target = os.path.join(kept_folder() if request["keep"] else self.folder, request["name"])
        partial, total = target + ".partial", request["bytes"]
        with own(partial) as file:
            have = min(os.fstat(file.fileno()).st_size, total)
            answer({"have": have, "sha256": hash_of(file, have)})
            start = json.loads(incoming.line())["from"]
            file.truncate(start)
            where = os.path.dirname(partial)
            free = shutil.disk_usage(where).free
            if total - start > free:
                raise RefusedError("full", f"{total - start} bytes are needed and {free} are free in {where}")
            answer({"go": True})
            while start < total:
                data = incoming.some(min(AT_ONCE, total - start))
                file.write(data)
                file.flush()
                start += len(data)
            if hash_of(file, total) != request["sha256"]:
                file.truncate(0)
                raise RefusedError("changed", "what arrived is not what was sent, or the file changed meanwhile")
            os.fsync(file.fileno())
            if request["keep"]:
                # A name of its own: another connection that sends the same file must not remove it under our feet.
                target = f"{partial[: -len('.partial')]}.{os.getpid()}"
                self.uploads[target] = partial
            os.replace(partial, target)
        answer({"path": target})

    def remove(self, request: dict[str, Any]) -> None:
        """Removes a file that was kept."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(request["path"])
        self.uploads.pop(request["path"], None)
        answer({"removed": True})

    def store(self, request: dict[str, Any]) -> None:
        """Keeps a package for later connections; one that cannot be kept serves this connection from where it is."""
        path = request["path"]
        with contextlib.suppress(OSError):
            target = package_path(request["sha256"])
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            remove_unused(os.path.dirname(target), UNUSED_SECONDS)
            own_name = f"{target}.{os.getpid()}"
            try:
                shutil.copyfile(path, own_name)
                os.replace(own_name, target)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(own_name)
            path = target
        answer({"path": path})

    def end(self) -> None:
        """Leaves nothing but uploads that may be taken up again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for path, partial in self.uploads.items():
            with contextlib.suppress(OSError):
                os.replace(path, partial)


def own(partial: str) -> BinaryIO:
    """Opens an upload that nobody else writes to.

    Another connection that writes is waited for; one that has not written for a while is taken for dead (a network that
    vanished is noticed late), and goes on writing into nowhere.
    """
    size, since = -1, time.monotonic()
    while True:
        file = open(partial, "a+b")  # noqa: SIM115 - the caller closes it
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.exists(partial) and os.path.samestat(os.fstat(file.fileno()), os.stat(partial)):
                return file
        except OSError:
            now_there = os.fstat(file.fileno()).st_size
            if now_there != size:
                size, since = now_there, time.monotonic()
            elif time.monotonic() - since > STALLED_SECONDS:
                shutil.copyfile(partial, f"{partial}.{os.getpid()}")
                os.replace(f"{partial}.{os.getpid()}", partial)
            if select.select([0], [], [], 0.2)[0]:
                raise GoneError from None  # nothing is sent before we answer, so that this is the end
        file.close()


def kept_folder() -> str:
    """Where uploads wait to be taken up again; old ones go."""
    folder = os.path.join(cache_folder(), "uploads")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    remove_unused(folder, STALE_SECONDS)
    return folder


def cache_folder() -> str:
    """What edgecomp keeps here between connections."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "edgecomp")


def remove_unused(folder: str, seconds: float) -> None:
    """Removes what nobody has written to or used for so long."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):
            if time.time() - os.stat(path).st_mtime > seconds:
                os.unlink(path)


def package_path(sha256: str) -> str:
    """Where the package with this hash is kept."""
    return os.path.join(cache_folder(), "packages", f"{sha256}.whl")


def find(request: dict[str, Any]) -> None:
    """Says where a package is kept, as far as it still is what it was."""
    path = package_path(request["sha256"])
    found = None
    with contextlib.suppress(OSError), open(path, "rb") as file:
        if hash_of(file, os.fstat(file.fileno()).st_size) == request["sha256"]:
            found = path
            os.utime(path)
    answer({"path": found})


def hash_of(file: BinaryIO, length: int) -> str:
    """SHA-256 of a file's first bytes."""
    digest = hashlib.sha256()
    file.seek(0)
    while length:
        data = file.read(min(AT_ONCE, length))
        if not data:
            break
        digest.update(data)
        length -= len(data)
    file.seek(0, os.SEEK_END)
    return digest.hexdigest()


def run(request: dict[str, Any], folder: str) -> None:
    """Runs this Python with arguments, and ends it when nobody waits for it any more."""
    path = [*request["path"], *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, **({"PYTHONPATH": os.pathsep.join(path)} if path else {})}
    child = subprocess.Popen(
        [sys.executable, *request["arguments"]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        written = forward(child)
        code = child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    answer({"code": code, "stdout": written.decode("utf-8", "replace")})


def forward(child: subprocess.Popen[bytes]) -> bytes:
    """Passes stderr on as it comes, and gathers stdout."""
    assert child.stdout is not None
    assert child.stderr is not None
    out, err = child.stdout.fileno(), child.stderr.fileno()
    written, open_ones = b"", [out, err]
    while open_ones:
        for ready in select.select([0, *open_ones], [], [])[0]:
            data = os.read(ready, AT_ONCE)
            if ready == 0:
                raise GoneError  # nothing is asked while something runs, so that this is the end
            if not data:
                open_ones.remove(ready)
            elif ready == err:
                answer({"stderr": data.decode("utf-8", "replace")})
            elif len(written) + len(data) > LONGEST_OUTPUT:
                raise RefusedError("output", f"more than {LONGEST_OUTPUT} bytes were printed")
            else:
                written += data
    return written


def serve(incoming: Incoming, session: Session) -> None:
    """Answers requests to the end of the connection."""
    while True:
        request = json.loads(incoming.line())
        try:
            if request["do"] == "receive":
                session.receive(request, incoming)
            elif request["do"] == "run":
                run(request, session.folder)
            elif request["do"] == "find":
                find(request)
            elif request["do"] == "store":
                session.store(request)
            else:
                session.remove(request)
        except RefusedError as refused:
            answer({"refused": refused.kind, "message": str(refused)})
            return  # bytes may still be on their way, so that what follows could not be told from them
        except OSError as error:
            kind = "full" if error.errno in (28, 122) else "system"  # ENOSPC, EDQUOT
            answer({"refused": kind, "message": f"{error.strerror} ({error.filename or request['do']})"})
            return


def stopped(*_: object) -> None:
    """A signal ends this process as the end of the connection does."""
    raise GoneError


def main() -> None:
    """Greets, serves, and leaves nothing."""
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopped)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    session = None
    try:
        incoming = Incoming()
        token = json.loads(incoming.line())["token"]
        session = Session(tempfile.mkdtemp(prefix="edgecomp-ssh-"))
        answer({"hello": token, "folder": session.folder, "python": sys.executable, "version": sys.version.split()[0]})
        serve(incoming, session)
    except GoneError:
        pass
    except OSError as error:
        with contextlib.suppress(GoneError):
            answer({"refused": "system", "message": f"{error.strerror} ({error.filename or 'temporary folder'})"})
    finally:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        if session is not None:
            session.end()


if __name__ == "__main__":
    main()
