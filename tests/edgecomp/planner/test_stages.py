"""How much to prune, found by losses that fall with time as they are simulated here."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.planner.stages import BOLDEST, FIRST_SHARE, GENTLEST, Run, Trend, share_for


def loss(share: float, seconds: float, power: float) -> float:
    """Points lost: ten times as many for each fifth more that is pruned, fewer with time."""
    return 0.01 * 10 ** (share * 5 * 0.6) * (900 / seconds) ** power


def seen(seconds: float, power: float) -> list[Run]:
    return [Run(0.0, math.inf, 0.01), Run(FIRST_SHARE, seconds, loss(FIRST_SHARE, seconds, power))]


@pytest.mark.parametrize("power", [0.9, 1.2, 1.5])
def test_the_more_was_seen_the_closer_it_comes_to_what_the_time_allows(power: float) -> None:
    runs = seen(72.0, power)
    for seconds in (560.0, 120.0, 60.0):
        share = share_for(runs, seconds, 1.0)
        runs.append(Run(share, seconds, loss(share, seconds, power)))

    share = share_for(runs, 560.0, 1.0)

    ideal = next(one / 100 for one in range(97, 0, -1) if loss(one / 100, 560.0, power) <= 1.0)
    assert share == pytest.approx(ideal, abs=0.1)


def test_losses_that_do_not_fall_with_time_call_for_gentler_pruning() -> None:
    """As of a dense network on a table, which had learned all it could after a few seconds."""
    runs = [Run(0.0, math.inf, 0.0), Run(0.7, 24.0, 2.0), Run(0.85, 186.0, 2.6)]

    assert share_for(runs, 40.0, 0.6) < 0.5


def test_where_everything_keeps_the_budget_it_goes_bolder() -> None:
    runs = [Run(0.0, math.inf, 0.0), Run(FIRST_SHARE, 30, 0.1)]

    assert share_for(runs, 600, 1.0) > FIRST_SHARE


def test_where_nothing_keeps_it_the_gentlest_is_tried() -> None:
    runs = [Run(0.0, math.inf, 5.0), Run(FIRST_SHARE, 30, 90.0)]

    assert share_for(runs, 600, 1.0) < 0.3


@given(
    st.lists(
        st.builds(Run, share=st.floats(0.05, 0.95), seconds=st.floats(1, 100), loss=st.floats(-5, 100)),
        min_size=1,
        max_size=6,
    ),
    st.floats(1, 1000),
    st.floats(0, 20),
)
def test_whatever_was_seen_a_share_comes_of_it(runs: list, seconds: float, allowed: float) -> None:
    share = share_for([Run(0.0, math.inf, 0.0), *runs], seconds, allowed)

    assert GENTLEST <= share <= BOLDEST


@given(st.floats(0.05, 5), st.floats(0.05, 5))
def test_a_larger_budget_never_prunes_less(one: float, other: float) -> None:
    runs = seen(30, 0.5)
    low, high = sorted((one, other))

    assert share_for(runs, 500, low) <= share_for(runs, 500, high)


def test_what_is_trained_on_loses_less_by_its_own_figure_but_never_the_floor() -> None:
    line = Trend(floor=0.2, level=0.0, slope=5.0, decay=1.0)

    assert line.later(Run(0.8, 300.0, 1.2), 300.0) == pytest.approx(0.7)
    assert line.later(Run(0.8, 300.0, 0.1), 300.0) == pytest.approx(0.1)


def test_what_few_samples_say_counts_for_less_than_what_many_say() -> None:
    as_it_was, first = Run(0.0, math.inf, 0.0), Run(0.7, 72.0, 2.2)
    sure, unsure = Run(0.7, 558.0, 0.05, error=0.02), Run(0.7, 558.0, 0.05, error=0.8)

    bold, careful = (share_for([as_it_was, first, main], 800.0, 0.5) for main in (sure, unsure))

    assert 0.7 < careful < bold
