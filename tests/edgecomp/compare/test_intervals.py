"""Intervals of ratios and differences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.compare.intervals import apart, difference, ratio
from edgecomp.compare.result import Figure

POSITIVE = st.floats(1e-9, 1e9)


@st.composite
def figures(draw: st.DrawFn) -> Figure:
    low, value, high = sorted(draw(st.tuples(POSITIVE, POSITIVE, POSITIVE)))
    return Figure(value, low, high)


@given(figures(), figures())
def test_a_ratio_lies_in_its_interval_and_holds_every_pair(figure: Figure, base: Figure) -> None:
    found = ratio(figure, base)

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value * (1 + 1e-12)
    assert found.value <= found.high * (1 + 1e-12)
    assert base.low is not None
    assert figure.high is not None
    assert found.high == pytest.approx(figure.high / base.low)


@given(figures(), figures())
def test_intervals_are_apart_just_where_the_ratios_interval_leaves_out_one(figure: Figure, base: Figure) -> None:
    found = ratio(figure, base)

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    side = apart(figure, base)
    if side == 1:
        assert found.low >= 1
    elif side == -1:
        assert found.high <= 1
    else:
        assert found.low <= 1 <= found.high


def test_without_an_interval_on_one_side_there_is_none_and_no_verdict() -> None:
    assert ratio(Figure(2.0, 1.0, 3.0), Figure(1.0)) == Figure(2.0)
    assert difference(Figure(0.9), Figure(0.8, 0.7, 0.9), 100).low is None
    assert apart(Figure(2.0, 1.9, 2.1), Figure(1.0)) is None


@pytest.mark.parametrize(("value", "base"), [(1.0, 0.0), (1.0, -1.0), (-1.0, 1.0), (1e18, 1e-300)])
def test_a_ratio_that_means_nothing_is_none(value: float, base: float) -> None:
    assert ratio(Figure(value), Figure(base)) is None
