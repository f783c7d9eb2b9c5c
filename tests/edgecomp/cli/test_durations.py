"""Lengths of time on the command line."""

from __future__ import annotations

import contextlib

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.cli.durations import Duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1h30m", 5400), ("0.5h", 1800), (" 2M ", 120), ("1m30s", 90)]
)
def test_a_length_of_time_is_a_number_with_its_unit(text: str, seconds: float) -> None:
    assert Duration()(text) == seconds


@pytest.mark.parametrize("text", ["15", "m", "15 minutes", "-3m", "0s", "", "1h 30m", "nan", "1e3s"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="90s, 15m or 1h30m"):
        Duration()(text)


@given(st.text(max_size=12))
def test_any_text_is_seconds_above_zero_or_refused(text: str) -> None:
    with contextlib.suppress(click.BadParameter):
        assert Duration()(text) > 0
