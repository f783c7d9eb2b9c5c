"""Energy over time, from power and from counters."""

from __future__ import annotations

import numpy as np
import pytest
from edgecomp_runtime.measure.energy import EnergyCurve, Span
from hypothesis import given
from hypothesis import strategies as st


def test_power_is_integrated_in_straight_lines() -> None:
    curve = EnergyCurve.from_power([0, 1, 3], [2.0, 4.0, 4.0])

    assert curve.between(Span(0, 1)) == pytest.approx(3.0)
    assert curve.between(Span(0, 3)) == pytest.approx(11.0)
    assert curve.between(Span(2, 3)) == pytest.approx(4.0)


def test_readings_out_of_order_are_put_in_order() -> None:
    assert EnergyCurve.from_power([3, 0, 1, 1], [4.0, 2.0, 4.0, 9.0]).between(Span(0, 3)) == pytest.approx(11.0)


@given(
    watts=st.floats(0.1, 100),
    start=st.floats(1, 4),
    seconds=st.floats(0.5, 5),
    counts=st.booleans(),
)
def test_steady_power_gives_watts_times_seconds_by_either_way(
    watts: float, start: float, seconds: float, counts: bool
) -> None:
    times = np.arange(0, 10, 0.01)
    curve = (
        EnergyCurve.from_counter(times, list(7.0 + watts * times))
        if counts
        else EnergyCurve.from_power(times, [watts] * len(times))
    )
    span = Span(start, start + seconds)

    assert curve.why_not(span) is None
    assert curve.between(span) == pytest.approx(watts * seconds, rel=1e-6)


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ([], "no reading"),
        (list(np.linspace(5, 20, 100)), "do not cover"),
        (list(np.linspace(0, 7, 100)), "do not cover"),
        (list(np.linspace(-10, 20, 10)), "too few"),
        ([*np.linspace(0, 4, 50), *np.linspace(8, 10, 50)], "no reading for 4.00 s of 10.00 s"),
    ],
)
def test_energy_that_was_not_seen_is_not_known(times: list[float], reason: str) -> None:
    found = EnergyCurve.from_power(times, [1.0] * len(times)).why_not(Span(0, 10))

    assert found is not None
    assert reason in found
