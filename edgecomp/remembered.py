"""Measurements that take a while, remembered by what they were made of: the same again is read, not measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .atomic import write_atomically
from .cache import cache_folder

Value = TypeVar("Value")


def remembered(
    kind: str,
    key: str,
    measure: Callable[[], Value],
    *,
    store: Callable[[Value], Any],
    restore: Callable[[Any], Value],
) -> Value:
    """What was measured under this key, or else is measured now.

    A cache that cannot be written or read only costs time: nothing fails because of it.

    Args:
        kind: of measurement; a folder in the user's cache.
        key: hexadecimal digits: a hash of everything that the result depends on.
        measure: makes it.
        store: makes what JSON can hold of it.
        restore: the way back; may raise KeyError, TypeError or ValueError on what somebody has damaged.
    """
    file = cache_folder() / kind / f"{key}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return restore(json.loads(file.read_text(encoding="utf-8")))
    value = measure()
    with suppress(OSError):
        write_atomically(file, json.dumps(store(value)).encode())
    return value
