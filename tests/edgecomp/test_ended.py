"""What is told of a program that ran elsewhere."""

from __future__ import annotations

import signal

import pytest

from edgecomp.ended import Ended


def test_what_it_printed_as_an_object() -> None:
    assert Ended(0, '{"p50": 1.5}\n').data() == {"p50": 1.5}


@pytest.mark.parametrize("printed", ["", "no JSON", "[1]", '{"p50": NaN}', '{"p50": -Infinity}', "[" * 100_000])
def test_what_is_no_json_object_is_none(printed: str) -> None:
    assert Ended(0, printed).data() is None


def test_the_reason_is_the_signal_or_the_last_line() -> None:
    assert Ended(-signal.SIGSEGV, "", "last words").reason == "it crashed (SIGSEGV)"
    assert Ended(1, "", "Traceback\nValueError: no\n\n").reason == "ValueError: no"
    assert Ended(7, "printed").reason == "it ended with exit code 7"
