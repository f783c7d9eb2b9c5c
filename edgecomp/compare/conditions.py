"""The language of `--fail-if`: `drop>0.5`, `latency>1.1 and (size>1 or drop>=2)`.

    expression = all { "or" all }
    all        = part { "and" part }
    part       = "(" expression ")" | condition
    condition  = name ( "<" | "<=" | ">" | ">=" ) number

A parser of its own, since handing text from a script to an interpreter would run whatever it says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from ..errors import InputError

LONGEST = 1000
DEEPEST = 20
EXAMPLE = "write latency>1.1, drop>0.5, or both with `and` or `or` between them"

_TOKEN = re.compile(
    r"\s*(?:(?P<sign><=|>=|<|>)|(?P<bracket>[()])"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(?P<word>[A-Za-z][A-Za-z0-9-]*))"
)


@dataclass(frozen=True)
class Condition:
    """One quantity against a limit.

    Args:
        quantity: what is looked at.
        sign: "<", "<=", ">" or ">=".
        limit: what it is held against.
    """

    quantity: str
    sign: str
    limit: float

    def __str__(self) -> str:
        return f"{self.quantity}{self.sign}{self.limit!r}"

    def holds(self, value: float) -> bool:
        """Whether a value fulfils it."""
        if self.sign.startswith("<"):
            return value < self.limit or (self.sign == "<=" and value == self.limit)
        return value > self.limit or (self.sign == ">=" and value == self.limit)


@dataclass(frozen=True)
class AllOf:
    """Holds where all of its parts do."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " and ".join(f"({one})" if isinstance(one, AnyOf) else str(one) for one in self.parts)


@dataclass(frozen=True)
class AnyOf:
    """Holds where one of its parts does."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


Expression = Condition | AllOf | AnyOf


def parse_expression(text: str, known: Collection[str]) -> Expression:
    """Reads an expression.

    Args:
        text: as it was given.
        known: the quantities that there are, in the order in which they are listed to somebody who named another.

    Raises:
        InputError: it is none, or names a quantity that there is none of.
    """
    if len(text) > LONGEST:
        raise InputError(f"--fail-if: a condition of {len(text):,} characters is too long; {EXAMPLE}")
    parser = _Parser(text, known)
    found = parser.any_of(0)
    parser.end()
    return found


class _Parser:
    """Reads one token after the other."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self._text = text
        self._known = known
        self._tokens = self._split()
        self._place = 0

    def any_of(self, depth: int) -> Expression:
        """Parts with "or" between them."""
        parts = [self._all_of(depth)]
        while self._take("word", "or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def end(self) -> None:
        """Refuses what is left over."""
        if self._place < len(self._tokens):
            raise self._refused(f"{self._tokens[self._place][1]!r} does not fit there")

    def _all_of(self, depth: int) -> Expression:
        parts = [self._part(depth)]
        while self._take("word", "and"):
            parts.append(self._part(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _part(self, depth: int) -> Expression:
        if not self._take("bracket", "("):
            return self._condition()
        if depth == DEEPEST:
            raise self._refused(f"brackets are nested more than {DEEPEST} deep")
        inside = self.any_of(depth + 1)
        if not self._take("bracket", ")"):
            raise self._refused("a bracket is not closed")
        return inside

    def _condition(self) -> Condition:
        name = self._expect("word", "a name")
        sign = self._expect("sign", f"<, <=, > or >= behind {name}")
        limit = float(self._expect("number", f"a number behind {name}{sign}"))
        if not math.isfinite(limit):
            raise self._refused("a number is too large")
        if name not in self._known:
            raise InputError(f"--fail-if {self._text!r}: {name} is not one of {', '.join(self._known)}")
        return Condition(name, sign, limit)

    def _take(self, kind: str, text: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place] == (kind, text):
            self._place += 1
            return True
        return False

    def _expect(self, kind: str, what: str) -> str:
        if self._place == len(self._tokens) or self._tokens[self._place][0] != kind:
            raise self._refused(f"{what} is missing")
        self._place += 1
        return self._tokens[self._place - 1][1]

    def _split(self) -> list[tuple[str, str]]:
        tokens, place = [], 0
        text = self._text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None or found.lastgroup is None:
                raise self._refused(f"{text[place:].strip()[:20]!r} is not understood")
            tokens.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()
        return tokens

    def _refused(self, why: str) -> InputError:
        return InputError(f"--fail-if {self._text!r} is no condition: {why}; {EXAMPLE}")
