"""Checks of single nodes: each returns the value, or reports what is wrong with it, where, and what was meant.

A check goes on after a problem, so that a file's problems are all reported at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .document import Mapping, Node, Scalar, Sequence


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong at a line of a file. Sorts in the order of the file."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field + ': ' if self.field else ''}{self.message}"


class Problems(list[Problem]):
    """The problems found so far."""

    def report(self, node: Node, field: str, message: str) -> None:
        self.append(Problem(node.file, node.line, field, message))


# Similarity from which on one word is taken for a slip of another; difflib's own default.
_NEAR = 0.6
# Reads a node, which is at the dotted path `field`; what it returns after reporting a problem is not used.
Check = Callable[[Node, str, Problems], Any]


@dataclass(frozen=True)
class Key:
    """A key of a mapping: how its value is checked, and whether it must be there."""

    check: Check
    required: bool = False


def text(pattern: str = r"(?s).*\S.*", expected: str = "text") -> Check:
    """A string that matches `pattern`. A number is taken as it is written, so that 3.10 stays "3.10"."""
    compiled = re.compile(pattern)

    def check(node: Node, field: str, problems: Problems) -> Any:
        if not isinstance(node, Scalar) or node.kind == "null" or not compiled.fullmatch(node.text):
            return problems.report(node, field, f"expected {expected}, found {_shown(node)}")
        return node.text

    return check


def whole(low: int, high: int) -> Check:
    """A whole number from `low` to `high`, in decimal digits."""

    def check(node: Node, field: str, problems: Problems) -> Any:
        if isinstance(node, Scalar) and re.fullmatch(r"[0-9]{1,18}", node.text) and low <= int(node.text) <= high:
            return int(node.text)
        return problems.report(node, field, f"expected a whole number from {low} to {high}, found {_shown(node)}")

    return check


def number(low: float, high: float) -> Check:
    """A number from `low` to `high`."""

    def check(node: Node, field: str, problems: Problems) -> Any:
        if isinstance(node, Scalar) and re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", node.text):
            value = float(node.text)
            if low <= value <= high:
                return value
        return problems.report(node, field, f"expected a number from {low:g} to {high:g}, found {_shown(node)}")

    return check


def flag(node: Node, field: str, problems: Problems) -> Any:
    """true or false."""
    if isinstance(node, Scalar) and node.text in ("true", "false"):
        return node.text == "true"
    return problems.report(node, field, f"expected true or false, found {_shown(node)}")


def choice(options: Iterable[str]) -> Check:
    """One of a few words."""
    known = tuple(options)

    def check(node: Node, field: str, problems: Problems) -> Any:
        if isinstance(node, Scalar) and node.text in known:
            return node.text
        hint = did_you_mean(node.text, known) if isinstance(node, Scalar) else ""
        return problems.report(node, field, f"expected one of {', '.join(known)}, found {_shown(node)}{hint}")

    return check


def several(item: Check, at_least: int = 0) -> Check:
    """A list, each of whose items passes `item`, without repetition."""

    def check(node: Node, field: str, problems: Problems) -> Any:
        if not isinstance(node, Sequence):
            return problems.report(node, field, f"expected a list, as in [a, b], found {_shown(node)}")
        if len(node.items) < at_least:
            return problems.report(node, field, "expected at least one item, found an empty list")
        values: list[Any] = []
        for place, one in enumerate(node.items):
            value = item(one, f"{field}[{place}]", problems)
            if value is not None and value in values:
                problems.report(one, f"{field}[{place}]", f"{_shown(one)} is in the list already")
            values.append(value)
        return tuple(values)

    return check


def record(build: Callable[..., Any], keys: dict[str, Key]) -> Check:
    """A mapping with these keys and no others, handed to `build` by keyword."""

    def check(node: Node, field: str, problems: Problems) -> Any:
        if not isinstance(node, Mapping):
            return problems.report(node, field, f"expected keys and values ({', '.join(keys)}), found {_shown(node)}")
        before = len(problems)
        values: dict[str, Any] = {}
        meant: set[str] = set()
        for name, (line, value) in node.entries.items():
            where = f"{field}.{name}" if field else name
            if name in keys:
                values[name] = keys[name].check(value, where, problems)
            else:
                meant.update(difflib.get_close_matches(name, list(keys), n=1, cutoff=_NEAR))
                known = did_you_mean(name, keys) or f"; known here: {', '.join(keys)}"
                problems.append(Problem(value.file, line, where, f"unknown key{known}"))
        for name, key in keys.items():
            if key.required and name not in node.entries and name not in meant:
                problems.report(node, field, f"the key {name!r} is missing")
        return build(**values) if len(problems) == before else None

    return check


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean …?" with the nearest of the known words, or nothing where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=_NEAR)
    return f"; did you mean {near[0]!r}?" if near else ""


def _shown(node: Node) -> str:
    if isinstance(node, Scalar):
        if node.kind == "null":
            return "nothing"
        return repr(node.text if len(node.text) <= 60 else node.text[:57] + "...")
    return "a list" if isinstance(node, Sequence) else "keys and values"
