"""Opening connections to devices, taking up again what a broken one interrupted, and ending all of them at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from .connection import Connection
from .device import Device
from .failures import ConnectionBrokenError, UnreachableError
from .host import Access, Host

PAUSE_SECONDS = 1.0
"""Before the second attempt; twice as long before each further one."""

Found = TypeVar("Found")


class Dialer:
    """Reaches devices, from any number of threads.

    Args:
        access: how they are reached.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self._open: set[Connection] = set()
        self._changing = threading.Lock()
        self._ending = threading.Event()

    @contextmanager
    def connected(self, host: Host) -> Iterator[Device]:
        """A device, until the block ends; then nothing is left there but what was kept.

        Raises:
            InputError: it cannot be reached, does not let us in, or has no Python.
            HostKeyError: it shows another host key than the known one.
        """
        connection = Connection(host, self.access)
        with self._changing:
            self._open.add(connection)
        try:
            if self._ending.is_set():
                raise ConnectionBrokenError(f"{host}: interrupted")
            yield Device(connection)
        finally:
            with self._changing:
                self._open.discard(connection)
            connection.close()

    def persistently(
        self, attempt: Callable[[], Found], on_break: Callable[[ConnectionBrokenError], object] = lambda _: None
    ) -> Found:
        """Does something that needs a connection, and does it again when the connection breaks.

        Args:
            attempt: connects, and goes on where it stopped.
            on_break: called before each further attempt.

        Raises:
            ConnectionBrokenError: it broke each time.
        """
        broken: ConnectionBrokenError | None = None
        for number in range(self.access.attempts):
            try:
                return attempt()
            except ConnectionBrokenError as error:
                broken = error
            except UnreachableError:
                if broken is None:  # it never stood: an address that is wrong is not tried for long
                    raise
            if number + 1 < self.access.attempts:
                on_break(broken)
                self._ending.wait(PAUSE_SECONDS * 2**number)
            if self._ending.is_set():
                break
        assert broken is not None
        raise broken

    def hang_up(self) -> None:
        """Ends all connections, and lets none be taken up again."""
        self._ending.set()
        with self._changing:
            for connection in self._open:
                connection.abort()
