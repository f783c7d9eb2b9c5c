from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.report import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0471, "0.0471"), (3.614, "3.61"), (9.996, "10.0"), (45, "45.0"), (1284.4, "1,284"), (-2.5, "-2.50")],
)
def test_figures_have_three_significant_digits(value: float, text: str) -> None:
    assert formats.significant(value) == text


@given(st.floats(min_value=1e-6, max_value=1e14))
def test_a_shown_figure_is_within_half_a_percent_of_the_real_one(value: float) -> None:
    assert math.isclose(float(formats.significant(value).replace(",", "")), value, rel_tol=0.005)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_finite_figure_is_too_odd_to_show(value: float) -> None:
    assert formats.significant(value)
    assert formats.points(value, 0.5)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "—"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (4_105_000, "4.11 MB"),
    ],
)
def test_sizes_take_the_prefix_that_reads_best(count: int | None, text: str) -> None:
    assert formats.size(count) == text


def test_short_latencies_are_in_microseconds() -> None:
    assert formats.milliseconds(0.047) == "47.0 µs"
    assert formats.milliseconds(3.614) == "3.61 ms"


def test_long_durations_are_in_minutes() -> None:
    assert formats.seconds(0.061) == "0.06 s"
    assert formats.seconds(9.999) == "10.0 s"
    assert formats.seconds(185.2) == "3 min 05 s"


def test_points_that_differ_look_different() -> None:
    assert formats.points(0.2222) == "0.22"
    assert formats.points(1.0) == "1"
    assert formats.points(1.0004, 1.0) == "1.0004"


@given(st.text(max_size=300), st.integers(min_value=5, max_value=100))
def test_a_shortened_name_keeps_both_ends(text: str, limit: int) -> None:
    short = formats.shortened(text, limit)
    assert len(short) <= limit
    assert short == text or (text.startswith(short.split("…")[0]) and text.endswith(short[-1]))
