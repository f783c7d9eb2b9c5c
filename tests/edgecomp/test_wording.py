"""How messages list things."""

from __future__ import annotations

from edgecomp.lint.finding import each_once
from edgecomp.wording import listed


def test_what_is_beyond_the_first_few_is_counted() -> None:
    assert listed([1, "b", 3], 3) == "1, b, 3"
    assert listed([1, "b", 3, 4], 3) == "1, b, 3, … (4 in all)"
    assert listed([]) == ""


def test_operators_are_listed_each_once() -> None:
    assert each_once(["ADD", "MUL", "ADD"], 2) == "ADD, MUL"
    assert each_once(["ADD", "MUL", "ADD", "SUB"], 2) == "ADD, MUL, … (3 in all)"
