"""A phone that the real adb connects to over TCP: the device's side of adb's protocol, with a `Phone`'s folder behind.

Only what is asked of it here: a connection without keys, `shell:` as phones before Android 7 have it (no exit codes),
and `sync:` for files. packages/modules/adb/protocol.txt and SYNC.TXT of Android's sources have the words.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from .stand_in_adb import bent

HEADER = struct.Struct("<4sIIIII")
VERSION, MOST = 0x01000000, 4096
REGULAR = 0o100644


class TcpPhone:
    """A phone at an address of this machine.

    Args:
        root: the folder that it is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.serial = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._connection: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def unplug(self) -> None:
        """Ends the connection, and takes no other."""
        self._listening.close()
        if self._connection is not None:
            self._connection.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        try:
            self._connection, _ = self._listening.accept()
            _Transport(self._connection, self.root).run()
        except OSError:
            return  # unplugged


class _Transport:
    """One connection of adb: messages that carry several streams."""

    def __init__(self, connection: socket.socket, root: Path) -> None:
        self.connection, self.root = connection, root
        self.sending = threading.Lock()
        self.streams: dict[int, _Stream] = {}

    def run(self) -> None:
        while True:
            command, first, second, payload = self._receive()
            if command == b"CNXN":
                self.send(b"CNXN", VERSION, MOST, b"device::ro.product.name=folder;\0")
            elif command == b"OPEN":
                self._open(first, payload.rstrip(b"\0").decode())
            elif command in (b"OKAY", b"WRTE", b"CLSE") and second in self.streams:
                self.streams[second].take(command, payload)

    def send(self, command: bytes, first: int, second: int, payload: bytes = b"") -> None:
        (number,) = struct.unpack("<I", command)
        head = HEADER.pack(command, first, second, len(payload), sum(payload), number ^ 0xFFFFFFFF)
        with self.sending:
            self.connection.sendall(head + payload)

    def _receive(self) -> tuple[bytes, int, int, bytes]:
        command, first, second, length, _, _ = HEADER.unpack(self._exactly(HEADER.size))
        return command, first, second, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.connection.recv(count - len(data))
            if not part:
                raise OSError("the connection has ended")
            data += part
        return data

    def _open(self, theirs: int, service: str) -> None:
        kind, _, rest = service.partition(":")
        work: Callable[[_Stream], None]
        if kind == "shell":
            work = lambda stream: self._shell(stream, rest)  # noqa: E731
        elif kind == "sync":
            work = self._sync
        else:
            return self.send(b"CLSE", 0, theirs)
        stream = _Stream(self, len(self.streams) + 1, theirs)
        self.streams[stream.ours] = stream
        self.send(b"OKAY", stream.ours, theirs)
        threading.Thread(target=self._work, args=(work, stream), daemon=True).start()
        return None

    def _work(self, work: Callable[[_Stream], None], stream: _Stream) -> None:
        try:
            work(stream)
            self.send(b"CLSE", stream.ours, stream.theirs)
        except OSError:
            return  # unplugged

    def _shell(self, stream: _Stream, command: str) -> None:
        with (self.root / "log").open("a") as log:
            log.write(f"shell {command}\n")
        environment = {**os.environ, "PATH": f"{self.root / 'bin'}:/usr/bin:/bin", "STAND_IN_PHONE": str(self.root)}
        ended = subprocess.run(["sh", "-c", bent(command, self.root)], capture_output=True, env=environment)
        stream.write(ended.stdout)

    def _sync(self, stream: _Stream) -> None:
        while True:
            word, length = struct.unpack("<4sI", stream.read(8))
            if word == b"QUIT":
                return
            path = stream.read(length).decode()
            if word == b"STAT":
                found = Path(bent(path, self.root))
                size = found.stat().st_size if found.is_file() else 0
                stream.write(struct.pack("<4sIII", b"STAT", REGULAR if found.is_file() else 0, size, 0))
            elif word == b"SEND":
                self._receive_file(stream, path.rpartition(",")[0])

    def _receive_file(self, stream: _Stream, path: str) -> None:
        with open(bent(path, self.root), "wb") as file:
            while True:
                word, length = struct.unpack("<4sI", stream.read(8))
                if word == b"DONE":
                    break
                file.write(stream.read(length))
        if path.endswith("/benchmark_model"):  # a program for Android does not run here
            shutil.copyfile(self.root / "program", bent(path, self.root))
        stream.write(struct.pack("<4sI", b"OKAY", 0))


class _Stream:
    """One stream of a transport: bytes both ways, each message acknowledged."""

    def __init__(self, transport: _Transport, ours: int, theirs: int) -> None:
        self.transport, self.ours, self.theirs = transport, ours, theirs
        self._arrived = threading.Condition()
        self._data = b""
        self._ready = True
        self._ended = False

    def take(self, command: bytes, payload: bytes) -> None:
        with self._arrived:
            if command == b"WRTE":
                self._data += payload
                self.transport.send(b"OKAY", self.ours, self.theirs)
            self._ready |= command == b"OKAY"
            self._ended |= command == b"CLSE"
            self._arrived.notify_all()

    def read(self, count: int) -> bytes:
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._data) >= count or self._ended, timeout=120)
            if len(self._data) < count:
                raise OSError("the stream has ended")
            data, self._data = self._data[:count], self._data[count:]
            return data

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), MOST):
            with self._arrived:
                self._arrived.wait_for(lambda: self._ready or self._ended, timeout=120)
                self._ready = False
            self.transport.send(b"WRTE", self.ours, self.theirs, data[start : start + MOST])
        with self._arrived:
            self._arrived.wait_for(lambda: self._ready or self._ended, timeout=120)
