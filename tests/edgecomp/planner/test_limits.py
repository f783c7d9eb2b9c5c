"""Budgets: what exceeds them, who is best within them, and what would have to give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.planner.giving import ways_out
from edgecomp.planner.limits import Figures, Limits, best, nearest, parse_size

FIGURES = st.builds(
    Figures,
    loss_points=st.floats(-2, 50),
    latency=st.floats(0.01, 100),
    bytes=st.integers(1, 10**6),
    memory=st.integers(1, 10**6),
)
LIMITS = st.builds(
    Limits,
    max_drop=st.none() | st.floats(0, 20),
    max_latency=st.none() | st.floats(0.01, 50),
    max_bytes=st.none() | st.integers(1, 10**6),
)


@pytest.mark.parametrize(
    ("text", "size"), [("200k", 200_000), ("1.5M", 1_500_000), ("77", 77), (12, 12), ("3 kB", 3000)]
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "k", "-3", "0", "12q", "1e6", "two"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(("name", "value"), [("max_drop", -1.0), ("max_drop", float("nan")), ("max_bytes", 0)])
def test_impossible_limits_are_refused(name: str, value: float) -> None:
    with pytest.raises(InputError):
        Limits(**{name: value})


def test_a_loss_that_is_exactly_the_limit_keeps_it() -> None:
    assert Limits(max_drop=0.3).kept(Figures(0.1 + 0.2, 1, 1, 1))


@given(st.lists(FIGURES, min_size=1, max_size=8), LIMITS, st.sampled_from(["latency", "size", "memory"]))
def test_the_best_keeps_all_limits_and_nobody_who_does_is_better(found: list, limits: Limits, goal: str) -> None:
    candidates = {str(place): one for place, one in enumerate(found)}

    name = best(candidates, limits, goal)

    kept = [one for one in found if limits.kept(one)]
    if name is None:
        assert not kept
        assert nearest(candidates, limits) in candidates
    else:
        assert limits.kept(candidates[name])
        if limits.max_drop is None:
            assert candidates[name].loss_points == min(one.loss_points for one in kept)
        else:
            assert candidates[name].of(goal) == min(one.of(goal) for one in kept)


@given(st.lists(FIGURES, min_size=1, max_size=8), LIMITS)
def test_each_way_out_is_one(found: list, limits: Limits) -> None:
    candidates = {str(place): one for place, one in enumerate(found)}
    fields = {
        "--max-drop": ("max_drop", float),
        "--max-latency": ("max_latency", float),
        "--max-size": ("max_bytes", int),
    }

    for way in ways_out(candidates, limits):
        option, value = way.split()
        name, kind = fields[option]
        loosened = {**vars(limits), name: max(kind(value), 0)}
        assert best(candidates, Limits(**loosened), "latency") is not None
