"""The worker process itself; its arguments are REQUEST_FD ANSWER_FD [MODULE ...]."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..errors import EdgecompError
from .wire import receive, send


class _StreamBrokenError(Exception):
    """The parent could not read its own items; it knows why."""


class _Stream:
    """The items the parent sends along with a call."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._open = True

    def __iter__(self) -> Iterator[Any]:
        while self._open:
            kind, item = receive(self._pipe)
            if kind == "item":
                yield item
                continue
            self._open = False
            if kind == "broken":
                raise _StreamBrokenError

    def drain(self) -> None:
        """Reads what the function left unread, so that the next request starts where it should."""
        try:
            for _ in self:
                continue
        except _StreamBrokenError:
            return


def main() -> None:
    """Serves requests until the parent closes the pipe."""
    requests = os.fdopen(int(sys.argv[1]), "rb")
    answers = os.fdopen(int(sys.argv[2]), "wb")
    for item in sys.argv[3:]:
        module, _, function = item.partition(":")
        loaded = importlib.import_module(module)
        if function:
            getattr(loaded, function)()
    while True:
        try:
            function, args, kwargs, streaming = receive(requests)
        except EOFError:
            return
        stream = _Stream(requests) if streaming else None
        answer = _answer(function, args, kwargs, stream)
        sys.stdout.flush()
        sys.stderr.flush()
        _send(answers, answer)
        if stream is not None:
            stream.drain()


def _answer(function: str, args: tuple[Any, ...], kwargs: dict[str, Any], stream: _Stream | None) -> tuple[str, Any]:
    module, name = function.split(":")
    if stream is not None:
        kwargs = {**kwargs, "stream": stream}
    try:
        return "value", getattr(importlib.import_module(module), name)(*args, **kwargs)
    except _StreamBrokenError:
        return "value", None  # the parent raises its own error
    except EdgecompError as error:
        return "error", error
    except Exception as error:
        traceback.print_exc()
        return "fault", f"{type(error).__name__}: {error}"


def _send(answers: BinaryIO, answer: tuple[str, Any]) -> None:
    try:
        send(answers, answer)
    except BrokenPipeError:
        raise
    except Exception as error:  # whatever the value's own pickling raises; nothing was written yet
        traceback.print_exc()
        reason = f"its {type(answer[1]).__name__} cannot be sent: {type(error).__name__}: {error}"
        send(answers, ("fault", reason))
