"""JSON that says where it came from when something in it is not what it should be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import InputError

KNOWN = (
    "known are --json and --out of edgecomp-runtime bench, report.json of edgecomp convert, "
    "and --json of edgecomp evaluate and edgecomp profile"
)

MOST_BYTES = 2**28

LARGEST = 1e18
"""No figure is larger; beyond it ratios would leave what numbers can hold."""


def load_json(path: str) -> JsonObject:
    """Reads a file that holds one JSON object.

    Raises:
        InputError: it cannot be read, or holds anything else.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(MOST_BYTES)
        data = json.loads(raw, parse_constant=_refused)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({str(error)[:100]}); {KNOWN}") from None
    return JsonObject(path, data)


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no figure")


class JsonObject:
    """An object, and where it came from.

    Args:
        where: the file, and the keys that lead to it.
        data: the object.

    Raises:
        InputError: it is none; so do all methods where a value is of another kind than asked for.
    """

    def __init__(self, where: str, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise InputError(f"{where} is no JSON object; {KNOWN}")
        self.where = where
        self.data = data

    def inside(self, key: str) -> JsonObject:
        """An object in it; an empty one where it is absent or null."""
        found = self.data.get(key)
        return JsonObject(f"{self.where}: {key}", {} if found is None else found)

    def items(self, key: str) -> list[Any]:
        """A list in it; an empty one where it is absent or null."""
        found = self.data.get(key)
        if found is not None and not isinstance(found, list):
            raise InputError(f"{self.where}: {key} is no list")
        return found or []

    def number(self, key: str) -> float | None:
        """A finite number; None where it is absent or null."""
        found = self.data.get(key)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > LARGEST:
            raise InputError(f"{self.where}: {key} is {found!r:.50}, not a number")
        return float(found)

    def text(self, key: str) -> str | None:
        """A string; None where it is absent, null or empty."""
        found = self.data.get(key)
        if found is not None and not isinstance(found, str):
            raise InputError(f"{self.where}: {key} is {found!r:.50}, not a text")
        return found or None

    def flag(self, key: str) -> bool | None:
        """True, false, or None where it is absent or null."""
        found = self.data.get(key)
        if found is not None and not isinstance(found, bool):
            raise InputError(f"{self.where}: {key} is {found!r:.50}, neither true nor false")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(str(one) for one in self.items(key))

    def facts(self, *keys: str) -> dict[str, str]:
        """Texts and whole numbers by key, as far as they are there."""
        found = {key: self.data.get(key) for key in keys}
        return {key: str(value) for key, value in found.items() if isinstance(value, str | int) and value}
