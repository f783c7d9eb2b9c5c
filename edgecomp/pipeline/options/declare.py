"""How an option is declared: as a field of a frozen dataclass, with what it means."""

from __future__ import annotations

from dataclasses import Field, field, fields
from inspect import get_annotations
from typing import Any


def option(meaning: str, *, default: Any = None, flag: str | None = None, in_python: str = "") -> Any:
    """A field that knows what it means.

    Args:
        meaning: for a user, in words of the command line.
        default: what it is where nothing is given.
        flag: its name on the command line; by default the field's, as `--max-drop` for `max_drop`.
        in_python: what only a caller from Python has to know.
    """
    return field(default=default, metadata=described(meaning, flag=flag, in_python=in_python))


def described(meaning: str, *, flag: str | None = None, in_python: str = "") -> dict[str, Any]:
    """The metadata of a field that has to be given, which for type checkers only `field` itself can declare."""
    return {"meaning": meaning, "flag": flag, "in_python": in_python}


def options_of(group: type) -> list[Field[Any]]:
    """The options of a group: its own before those of the groups that it is made of."""
    known = {one.name: one for one in fields(group)}
    return [known[name] for part in group.__mro__ for name in get_annotations(part)]


def option_of(group: type, name: str) -> Field[Any]:
    """The field of a group of options by its name.

    Raises:
        KeyError: there is none.
    """
    return {one.name: one for one in fields(group)}[name]


def flag_of(one: Field[Any]) -> str:
    """What an option is called on the command line."""
    return one.metadata["flag"] or "--" + one.name.replace("_", "-")
