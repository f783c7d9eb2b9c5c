"""Runs the part of Swift that the exported `Preprocessing.swift` is written in: no Swift compiler is to be had here.

Types are those of the values: whole numbers divide as Int does, `Float` is float32, Int32 is checked for overflow where
one is made. A word that it does not know is an error, so that nothing passes unseen.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from functools import reduce
from types import SimpleNamespace
from typing import Any

import numpy as np

_TOKEN = re.compile(
    r"(?P<skip>[ \t]+|//[^\n]*)|(?P<line>\n)|(?P<number>0x[0-9a-f]+|\d+\.\d+(?:e-?\d+)?|\d+)|"
    r"(?P<text>\"[^\"\\]*\")|(?P<word>[A-Za-z_]\w*|\$\d)|(?P<sign>\.\.<|->|&&|\|\||[=!<>]=|<<|>>|[+*-]=|[-+*/%<>=?:.,(){}\[\]!])"
)

Scope = dict[str, Any]
Code = Callable[["Frame"], Any]


class Frame:
    """Names in a block, and in those around it."""

    def __init__(self, around: Frame | None = None, names: Scope | None = None) -> None:
        self.around, self.names = around, names or {}

    def holder(self, name: str) -> Scope:
        """The names of the block that has this one."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame.names
            frame = frame.around
        raise NameError(name)


class _Returned(Exception):  # noqa: N818 - no error: how a `return` leaves what it is in
    def __init__(self, value: Any) -> None:
        self.value = value


def run_swift(source: str) -> dict[str, dict[str, Any]]:
    """Reads a file of structs and enums of static members.

    Returns:
        the enums' members by the enums' names; functions can be called from Python.
    """
    parser = _Parser(source)
    top = Frame(None, dict(_BUILT_IN))
    found: dict[str, dict[str, Any]] = {}
    while not parser.at_end():
        parser.modifiers()
        kind, name = parser.word(), parser.word()
        if kind == "struct":
            top.names[name] = _struct(parser.fields())
        elif kind == "enum":
            frame = Frame(top)
            parser.members(frame, top)
            found[name] = frame.names
        elif kind != "import":
            raise SyntaxError(kind)
    return found


def _struct(fields: list[str]) -> Callable[..., SimpleNamespace]:
    def make(**values: Any) -> SimpleNamespace:
        assert list(values) == fields, (values, fields)
        return SimpleNamespace(**values)

    return make


def _divide(a: Any, b: Any) -> Any:
    return int(a / b) if isinstance(a, int) and isinstance(b, int) else a / b


def _int32(value: Any) -> int:
    whole = math.trunc(value)
    assert -(2**31) <= whole < 2**31, "Swift ends the program here: Int32 overflows"
    return whole


_BINARY: list[dict[str, Callable[[Any, Any], Any]]] = [
    {"==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"..<": range},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": _divide, "%": operator.mod},
    {"<<": operator.lshift, ">>": operator.rshift},
]
"""From what binds loosest to what binds tightest; `&&` and `||` stand apart, as they may skip their right side."""

_BUILT_IN: Scope = {
    "Int": math.trunc,
    "Int32": _int32,
    "Double": float,
    "Float": np.float32,
    "min": min,
    "max": max,
    "abs": abs,
    "sin": math.sin,
}

_MEMBERS: dict[str, Callable[[Any], Any]] = {
    "count": len,
    "indices": lambda values: range(len(values)),
    "map": lambda values: lambda change: [change(one) for one in values],
    "reduce": lambda values: lambda start, add: reduce(add, values, start),
    "reserveCapacity": lambda values: lambda count: None,
    "replaceSubrange": lambda values: lambda place, **new: values.__setitem__(_slice(place), new["with"]),
}


def _slice(place: range) -> slice:
    return slice(place.start, place.stop)


class _Parser:
    def __init__(self, source: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(source):
            found = _TOKEN.match(source, place)
            if found is None or found.lastgroup is None:
                raise SyntaxError(source[place : place + 40])
            if found.lastgroup != "skip":
                self.tokens.append((found.lastgroup, found[0]))
            place = found.end()
        self.place = 0

    # Tokens

    def peek(self, *, over_lines: bool = True) -> str:
        """The next token's text, "" at the end."""
        place = self.place
        while over_lines and place < len(self.tokens) and self.tokens[place][0] == "line":
            place += 1
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def at_end(self) -> bool:
        return not self.peek()

    def next(self) -> tuple[str, str]:
        while self.tokens[self.place][0] == "line":
            self.place += 1
        self.place += 1
        return self.tokens[self.place - 1]

    def word(self) -> str:
        return self.next()[1]

    def take(self, text: str) -> bool:
        """Whether this comes next; it is passed then."""
        if self.peek() != text:
            return False
        self.next()
        return True

    def need(self, text: str) -> None:
        found = self.word()
        if found != text:
            raise SyntaxError(f"{found!r} where {text!r} has to be")

    # Declarations

    def modifiers(self) -> None:
        while self.peek() in ("private", "static"):
            self.next()

    def fields(self) -> list[str]:
        """The names in a struct's braces."""
        self.need("{")
        names = []
        while not self.take("}"):
            assert self.word() in ("let", "var")
            names.append(self.word())
            self.need(":")
            self.type()
        return names

    def members(self, frame: Frame, top: Frame) -> None:
        self.need("{")
        while not self.take("}"):
            self.modifiers()
            kind, name = self.word(), self.word()
            if kind == "func":
                frame.names[name] = self.function(frame)
            elif kind == "struct":
                top.names[name] = _struct(self.fields())
            elif self.take(":") and self.take_type() and self.peek() == "{":
                frame.names[name] = _Computed(self.block(), frame)
            else:
                self.need("=")
                value = self.expression()(frame)
                frame.names[name] = list(map(np.float32, value)) if isinstance(value, list) else value

    def take_type(self) -> bool:
        self.type()
        return True

    def type(self) -> None:
        if self.take("["):
            self.type()
            self.need("]")
        else:
            self.word()

    def function(self, frame: Frame) -> Callable[..., Any]:
        self.need("(")
        names = []
        while not self.take(")"):
            self.need("_")
            names.append(self.word())
            self.need(":")
            self.type()
            self.take(",")
        self.need("->")
        self.type()
        body = self.block()

        def call(*values: Any) -> Any:
            return _value_of(body, Frame(frame, dict(zip(names, values, strict=True))))

        return call

    # Statements

    def block(self) -> list[Code]:
        self.need("{")
        return self.statements()

    def statements(self) -> list[Code]:
        """Up to the closing brace, which is passed; or to the next `case`."""
        found = []
        while self.peek() not in ("case", "default") and not self.take("}"):
            found.append(self.statement())
        return found

    def statement(self) -> Code:
        first = self.peek()
        if first in ("let", "var", "if", "for", "switch", "return", "defer"):
            self.next()
            return {
                "let": self.binding,
                "var": self.binding,
                "if": self.choice,
                "for": self.loop,
                "switch": self.switch,
                "return": self.end,
                "defer": self.later,
            }[first]()
        start = self.place
        found = self.expression()
        sign = self.peek(over_lines=False)
        if sign not in ("=", "+="):
            return found
        self.place = start
        return self.assignment()

    def assignment(self) -> Code:
        name = self.word()
        place = self.arguments("]")[0][1] if self.take("[") else None
        added = self.word() == "+="
        value = self.expression()

        def assign(frame: Frame) -> None:
            names = frame.holder(name)
            holder, key = (names, name) if place is None else (names[name], place(frame))
            holder[key] = holder[key] + value(frame) if added else value(frame)

        return assign

    def binding(self) -> Code:
        names = [self.word()]
        if names == ["("]:
            names = []
            while True:
                names.append(self.word())
                if self.word() == ")":
                    break
        elif self.take(":"):
            self.type()
        self.need("=")
        value = self.expression()

        def bind(frame: Frame) -> None:
            found = value(frame)
            frame.names.update(zip(names, found, strict=True) if len(names) > 1 else ((names[0], found),))

        return bind

    def choice(self) -> Code:
        condition = self.expression(trailing=False)
        body = self.block()
        return lambda frame: _run(body, Frame(frame)) if condition(frame) else None

    def loop(self) -> Code:
        name = self.word()
        self.need("in")
        over = self.expression(trailing=False)
        body = self.block()

        def run(frame: Frame) -> None:
            for value in over(frame):
                _run(body, Frame(frame, {name: value}))

        return run

    def switch(self) -> Code:
        value = self.expression(trailing=False)
        self.need("{")
        cases: list[tuple[Code | None, list[Code]]] = []
        while True:
            pattern = self.expression() if self.word() == "case" else None
            self.need(":")
            cases.append((pattern, self.statements()))
            if self.peek() not in ("case", "default"):
                break

        def run(frame: Frame) -> None:
            found = value(frame)
            for pattern, body in cases:
                if pattern is None or pattern(frame) == found:
                    return _run(body, Frame(frame))
            return None

        return run

    def end(self) -> Code:
        value = self.expression()

        def leave(frame: Frame) -> None:
            raise _Returned(value(frame))

        return leave

    def later(self) -> Code:
        body = self.block()
        return lambda frame: frame.names.setdefault("defer", []).append(body)

    # Expressions

    def expression(self, *, trailing: bool = True) -> Code:
        condition = self.any_of(trailing)
        if not self.take("?"):
            return condition
        yes = self.expression(trailing=trailing)
        self.need(":")
        no = self.expression(trailing=trailing)
        return lambda frame: yes(frame) if condition(frame) else no(frame)

    def any_of(self, trailing: bool) -> Code:
        left = self.all_of(trailing)
        while self.take("||"):
            left = (lambda a, b: lambda frame: a(frame) or b(frame))(left, self.all_of(trailing))
        return left

    def all_of(self, trailing: bool) -> Code:
        left = self.binary(0, trailing)
        while self.take("&&"):
            left = (lambda a, b: lambda frame: a(frame) and b(frame))(left, self.binary(0, trailing))
        return left

    def binary(self, level: int, trailing: bool) -> Code:
        if level == len(_BINARY):
            return self.unary(trailing)
        left = self.binary(level + 1, trailing)
        while (sign := self.peek(over_lines=False)) in _BINARY[level]:
            self.next()
            right = self.binary(level + 1, trailing)
            left = (lambda act, a, b: lambda frame: act(a(frame), b(frame)))(_BINARY[level][sign], left, right)
        return left

    def unary(self, trailing: bool) -> Code:
        if self.take("-"):
            value = self.unary(trailing)
            return lambda frame: -value(frame)
        return self.suffixes(self.primary(), trailing)

    def primary(self) -> Code:
        kind, text = self.next()
        if kind == "number":
            number = float(text) if "." in text else int(text, 0)
            return lambda frame: number
        if kind == "text":
            return lambda frame: text[1:-1]
        if kind == "word":
            return lambda frame: _looked_up(frame, text)
        if text == "+":
            return lambda frame: operator.add
        if text == "(":
            values = self.arguments(")")
            return values[0][1] if len(values) == 1 else lambda frame: [one(frame) for _, one in values]
        if text == "[":
            values = self.arguments("]")
            if values and self.peek(over_lines=False) == "(":  # [Int32](repeating: 0, count: n)
                return lambda frame: lambda repeating, count: [repeating] * count
            return lambda frame: [one(frame) for _, one in values]
        raise SyntaxError(text)

    def suffixes(self, found: Code, trailing: bool) -> Code:
        while (sign := self.peek(over_lines=False)) and sign in ".([{":
            if sign == "{" and not trailing:
                break
            self.next()
            if sign == ".":
                found = (lambda of, name: lambda frame: _member(of(frame), name))(found, self.word())
            elif sign == "[":
                (value,) = (one for _, one in self.arguments("]"))
                found = (lambda of, at: lambda frame: _item(of(frame), at(frame)))(found, value)
            elif sign == "(":
                found = _call(found, self.arguments(")"))
            else:
                found = _call(found, [("", self.closure())])
        return found

    def arguments(self, closing: str) -> list[tuple[str, Code]]:
        found = []
        while not self.take(closing):
            label = ""
            if self.tokens[self.place][0] == "word" and self.tokens[self.place + 1][1] == ":":
                label = self.word()
                self.need(":")
            found.append((label, self.expression()))
            self.take(",")
        return found

    def closure(self) -> Code:
        name = "$0"
        if self.tokens[self.place][0] == "word" and self.tokens[self.place + 1][1] == "in":
            name = self.word()
            self.need("in")
        body = self.statements()
        return lambda frame: lambda value: _value_of(body, Frame(frame, {name: value}))


class _Computed:
    """A static property that is worked out each time."""

    def __init__(self, body: list[Code], frame: Frame) -> None:
        self.body, self.frame = body, frame


def _looked_up(frame: Frame, name: str) -> Any:
    if name == "Double":
        return float
    found = frame.holder(name)[name]
    return _value_of(found.body, Frame(found.frame)) if isinstance(found, _Computed) else found


def _member(of: Any, name: str) -> Any:
    if of is float and name == "pi":
        return math.pi
    return getattr(of, name) if isinstance(of, SimpleNamespace) else _MEMBERS[name](of)


def _item(values: Any, place: Any) -> Any:
    assert not isinstance(place, int) or 0 <= place < len(values), "Swift ends the program here: no such index"
    return values[_slice(place)] if isinstance(place, range) else values[place]


def _call(function: Code, arguments: list[tuple[str, Code]]) -> Code:
    plain = [value for label, value in arguments if not label]
    named = {label: value for label, value in arguments if label}
    return lambda frame: function(frame)(
        *[one(frame) for one in plain], **{label: value(frame) for label, value in named.items()}
    )


def _run(body: list[Code], frame: Frame) -> Any:
    result = None
    try:
        for one in body:
            result = one(frame)
    finally:
        for late in frame.names.pop("defer", []):
            _run(late, Frame(frame))
    return result


def _value_of(body: list[Code], frame: Frame) -> Any:
    """What a function or closure gives: of its `return`, or its only expression."""
    try:
        return _run(body, frame)
    except _Returned as returned:
        return returned.value
