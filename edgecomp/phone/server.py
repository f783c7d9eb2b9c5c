"""Serves one page to whoever has its link: a fixed set of files under a random token, and one place for results.

There is no file system behind it, so that no path can lead astray: a name is in the table of files, or it is not.
"""

from __future__ import annotations

import errno
import gzip
import hmac
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ..errors import InputError
from .site import INDEX, ISOLATION, POLICY, TYPES

MOST_RESULT_BYTES = 2**20
"""A result with all its windows has some ten kilobytes."""

MOST_CONNECTIONS = 32

_TOKEN_BYTES = 16
_SILENCE_SECONDS = 30.0
"""After so long without a byte a connection is closed."""

_SMALL = (".html", ".css", ".js", ".json", ".svg", ".txt")


class PageServer(ThreadingHTTPServer):
    """Serves the page on one address until it is closed.

    Args:
        address: to bind to.
        port: to bind to; 0 takes a free one.
        files: by name; see `site.site_files`.
        take: is handed what a phone sends, and raises `InputError` where it is no result.
        packed: files that are compressed with gzip already, by name; small ones are when they are asked for.
        tls: the page comes by HTTPS where it is given.
        isolated: whether to send the headers that threads need.

    Raises:
        InputError: the port is taken, or the address is not this machine's.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        address: str,
        port: int,
        files: Mapping[str, bytes],
        take: Callable[[bytes], None],
        *,
        packed: Mapping[str, bytes] | None = None,
        tls: ssl.SSLContext | None = None,
        isolated: bool = True,
    ) -> None:
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.files = files
        self.take = take
        self.isolated = isolated
        self.last_visit = time.monotonic()
        self.answering = threading.Lock()
        self._tls = tls
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._packed = dict(packed or {})
        try:
            super().__init__((address, port), _Handler)
        except OSError as error:
            raise InputError(_why_not(address, port, error)) from None

    @property
    def link(self) -> str:
        """The page's address, token included."""
        address, port = self.server_address[:2]
        return f"{'https' if self._tls else 'http'}://{address!s}:{port}/{self.token}/"

    def serve_until(self, done: Callable[[], bool], idle_seconds: float) -> bool:
        """Serves until it is done, or nobody has come for a while.

        Args:
            done: asked several times a second.
            idle_seconds: without a request.

        Returns:
            whether `done` said so.
        """
        self.timeout = 0.2
        self.last_visit = time.monotonic()
        while not done():
            if time.monotonic() - self.last_visit > idle_seconds:
                return False
            self.handle_request()
        with self.answering:  # whose result it was that ended this hears of it
            return True

    def get_request(self) -> tuple[Any, Any]:
        """A connection; TLS begins in the thread that serves it, so that a slow phone holds up nobody."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serves a connection in a thread of its own; one too many is closed."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """What runs in that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks off, or a phone that refuses the certificate, is no news."""

    def packed(self, name: str) -> bytes | None:
        """A file compressed with gzip, made once; None for one that is sent as it is."""
        if name not in self._packed and PurePosixPath(name).suffix in _SMALL:
            self._packed[name] = gzip.compress(self.files[name], 6, mtime=0)
        return self._packed.get(name)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "edgecomp", ""
    timeout = _SILENCE_SECONDS

    def do_GET(self) -> None:
        name = self._name()
        if name is None or (name or INDEX) not in self.server.files:
            return self._say(HTTPStatus.NOT_FOUND, "There is nothing here. Check the link.")
        name = name or INDEX
        suffix = PurePosixPath(name).suffix
        packed = self.server.packed(name) if "gzip" in self.headers.get("Accept-Encoding", "") else None
        body = self.server.files[name] if packed is None else packed
        headers = {"Content-Type": TYPES.get(suffix, "application/octet-stream"), "Vary": "Accept-Encoding"}
        headers["Cache-Control"] = "private, max-age=3600" if name.startswith("litert/") else "no-store"
        return self._answer(
            HTTPStatus.OK, body, {**headers, **({} if packed is None else {"Content-Encoding": "gzip"})}
        )

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        name = self._name()
        if name != "results":
            return self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here. Check the link.")
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            return self._refuse(HTTPStatus.LENGTH_REQUIRED, "A result says how long it is.")
        if len(length) > 12 or int(length) > MOST_RESULT_BYTES:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A result has at most {MOST_RESULT_BYTES} bytes.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return self._refuse(HTTPStatus.BAD_REQUEST, "The result broke off.")
        with self.server.answering:
            try:
                self.server.take(body)
            except InputError as error:
                return self._say(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
            return self._answer(HTTPStatus.NO_CONTENT, b"", {})

    def log_message(self, format: str, *args: Any) -> None:
        """What a phone asks for is of no interest; what it finds is printed by whoever takes it."""

    def _name(self) -> str | None:
        """The file asked for; None without the token. Nothing is decoded: names here need no escapes."""
        token, slash, name = urlsplit(self.path).path.lstrip("/").partition("/")
        if not slash or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            return None
        self.server.last_visit = time.monotonic()
        return name

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        # What was to be sent has not been read, so that nothing more can come over this connection.
        self.close_connection = True
        self._say(status, text)

    def _say(self, status: HTTPStatus, text: str) -> None:
        self._answer(status, f"{text}\n".encode(), {"Content-Type": TYPES[".txt"], "Cache-Control": "no-store"})

    def _answer(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        isolation = ISOLATION if self.server.isolated else {}
        security = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
        for key, value in {**headers, **isolation, **security, "Content-Security-Policy": POLICY}.items():
            self.send_header(key, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _why_not(address: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {address} is taken by another program; end it, or choose another with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} is no address of this machine; name one of its own with --host"
    return f"nothing can be served on {address}, port {port} ({error.strerror or error}); choose another --port"
