"""The newest frame of a source that does not wait for the model."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from typing import NamedTuple, Optional

from ..inputs import Item
from .pace import Pace

_CLOSING_SECONDS = 2.0
"""A camera that does not answer any more is not waited for longer than that."""


class Frame(NamedTuple):
    """One frame that came: its number in the source, the moment by `time.monotonic`, and what to read."""

    number: int
    came: float
    item: Item


class Newest:
    """Frames read by a thread of their own, one kept: what is not taken in time is replaced by the next.

    The last frame of the source is always given out. Iterating raises what reading raised.

    Args:
        items: the source; read and closed by the thread.
        rate: frames a second to read, None for as fast as they come.
    """

    def __init__(self, items: Generator[Item, None, None], rate: Optional[float]) -> None:
        self._items = items
        self._ready = threading.Condition()
        self._stop = threading.Event()
        self._pace = Pace(rate, self._stop.wait)
        self._frame: Optional[Frame] = None
        self._ended = False
        self._error: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._read, name="edgecomp-frames", daemon=True)

    def __enter__(self) -> Newest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_CLOSING_SECONDS)

    def __iter__(self) -> Iterator[Frame]:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._frame is not None or self._ended)
                frame, self._frame = self._frame, None
            if frame is None:
                if self._error is not None:
                    raise self._error
                return
            yield frame

    def _read(self) -> None:
        try:
            for number, item in enumerate(self._items):
                self._pace.wait()
                if self._stop.is_set():
                    break
                with self._ready:
                    self._frame = Frame(number, time.monotonic(), item)
                    self._ready.notify()
        except BaseException as error:
            self._error = error
        finally:
            self._items.close()
            with self._ready:
                self._ended = True
                self._ready.notify()
