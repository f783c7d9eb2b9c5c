"""A steady rate, told on a clock of the test's own."""

from __future__ import annotations

from itertools import pairwise

from edgecomp_runtime.stream.pace import Pace
from hypothesis import given
from hypothesis import strategies as st


class Clock:
    """A clock that only sleeping and working move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


def moments(rate: float, work: list[float]) -> list[float]:
    clock = Clock()
    pace, found = Pace(rate, clock.sleep, lambda: clock.now), []
    for seconds in work:
        pace.wait()
        found.append(clock.now - 1000.0)
        clock.now += seconds
    return found


def test_what_takes_long_once_makes_only_the_next_wait_shorter() -> None:
    assert [round(one, 6) for one in moments(10, [0.01, 0.09, 0.13, 0.01, 0.01])] == [0.0, 0.1, 0.2, 0.4, 0.5]


@given(rate=st.floats(0.1, 1000), work=st.lists(st.floats(0, 3), min_size=2, max_size=20))
def test_every_moment_is_on_the_grid_and_none_comes_twice(rate: float, work: list[float]) -> None:
    found = moments(rate, work)
    steps = [one * rate for one in found]
    assert all(abs(step - round(step)) < 1e-4 * max(1.0, step) for step in steps)
    assert all(round(after) > round(before) for before, after in pairwise(steps))


def test_without_a_rate_nothing_waits() -> None:
    clock = Clock()
    pace = Pace(None, clock.sleep, lambda: clock.now)
    for _ in range(3):
        pace.wait()
    assert clock.now == 1000.0
