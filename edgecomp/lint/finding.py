"""What a rule found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..wording import listed

SEVERITIES = ("blocker", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing a user should know.

    Args:
        rule: the rule that found it ("dynamic-shapes"); docs/linting.md lists them.
        severity: "blocker" (will not run), "warning" (will run badly, or not where it should) or "note".
        what: what was found.
        remedy: what to do.
        operators: indices of the operators of the main graph that it is about; empty where it is about the whole.
        ops: their names, each once; filled in by `lint`.
        layers: the Keras layers they came from, as far as names tell; filled in by `lint`.
    """

    rule: str
    severity: str
    what: str
    remedy: str
    operators: tuple[int, ...] = ()
    ops: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()


def each_once(names: Iterable[str], most: int = 6) -> str:
    """Names in one line, in the order given; what is beyond `most` is only counted."""
    return listed(list(dict.fromkeys(names)), most)


def counted(count: int, noun: str) -> str:
    """ "1 operator", "2 operators"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
