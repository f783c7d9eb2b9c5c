"""Faults at the n-th call by which this process touches a file system."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

CALLS = ("open", "write", "fsync", "close", "replace", "unlink", "mkdir", "listdir")
WRITING = ("open", "write", "fsync", "replace", "mkdir")
"""Those that need room on the disk, or leave to write."""

Before = Callable[[int, str, tuple[Any, ...]], None]


@contextmanager
def watched(before: Before, names: tuple[str, ...] = CALLS) -> Iterator[None]:
    """Calls `before(number from 1, name, arguments)` ahead of every such call; it may raise, or end the process."""
    real = {name: getattr(os, name) for name in names}
    count = 0

    def wrapper(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            before(count, name, arguments)
            return real[name](*arguments, **options)

        return call

    try:
        for name in names:
            setattr(os, name, wrapper(name))
        yield
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def killed_at(number: int) -> Before:
    """Kills this process at a call; of a write, half is done."""
    write = os.write

    def before(count: int, name: str, arguments: tuple[Any, ...]) -> None:
        if count == number:
            if name == "write":
                write(arguments[0], arguments[1][: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

    return before


def failing_from(number: int, code: int) -> Before:
    """Fails from a call on, as a full or read-only disk does; of the first write, half is done."""
    write = os.write

    def before(count: int, name: str, arguments: tuple[Any, ...]) -> None:
        if count >= number:
            if name == "write" and count == number:
                write(arguments[0], arguments[1][: len(arguments[1]) // 2])
            raise OSError(code, os.strerror(code))

    return before
