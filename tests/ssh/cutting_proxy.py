"""A TCP proxy between ssh and sshd that cuts connections off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """A proxy that listens.

    Args:
        port: on loopback.
        cuts: bytes from the client after which each connection is cut off, in the order of the connections; those
            after the last are left alone.
        sent: bytes that came from the client, by connection.
    """

    port: int
    cuts: list[int]
    sent: list[int] = field(default_factory=list)


@contextmanager
def cutting_proxy(target: int, cuts: list[int]) -> Iterator[Proxy]:
    """Listens, and passes connections on to a port on loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(listener.getsockname()[1], cuts)
    threading.Thread(target=_accept, args=(listener, target, proxy), daemon=True).start()
    try:
        yield proxy
    finally:
        listener.close()


def _accept(listener: socket.socket, target: int, proxy: Proxy) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            number = len(proxy.sent)
            proxy.sent.append(0)
            server = socket.create_connection(("127.0.0.1", target))
            limit = proxy.cuts[number] if number < len(proxy.cuts) else None
            threading.Thread(target=_pass_on, args=(server, client, None, None, 0), daemon=True).start()
            threading.Thread(target=_pass_on, args=(client, server, limit, proxy, number), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, limit: int | None, proxy: Proxy | None, number: int) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(16384):
            passed += len(data)
            if proxy is not None:
                proxy.sent[number] = passed
            if limit is not None and passed > limit:
                break
            sink.sendall(data)
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
