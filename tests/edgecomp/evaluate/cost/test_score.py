"""One figure out of several, and what it says of those that are missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.evaluate.cost.scenarios import QUANTITIES, SCENARIOS, Scenario, scenario
from edgecomp.evaluate.cost.score import Quantity, score

COSTS = st.floats(1e-3, 1e6)


def costs(**pairs: tuple[float, float]) -> list[Quantity]:
    return [Quantity(name, "", value, reference, "measured") for name, (value, reference) in pairs.items()]


def test_half_of_everything_is_worth_twice_as_much() -> None:
    found = score(costs(latency=(1, 2), size=(5, 10), memory=(3, 6)), Scenario("s", "s", {"latency": 3, "size": 1}))
    assert found.value == pytest.approx(2)
    assert found.covered == 1
    assert found.missing == ()


@given(COSTS, COSTS, COSTS, COSTS)
def test_the_ranking_does_not_depend_on_what_files_are_held_against(
    first: float, second: float, one: float, other: float
) -> None:
    """The ratio of two files' scores is that of their own figures, whatever the reference costs."""
    weights = Scenario("s", "s", {"latency": 2, "size": 1})

    def ratio(reference: float) -> float:
        ours, theirs = (
            score(costs(latency=(latency, reference), size=(size, reference)), weights).value
            for latency, size in ((first, one), (second, other))
        )
        assert ours is not None
        assert theirs is not None
        return ours / theirs

    assert ratio(1.0) == pytest.approx(ratio(37.0), rel=1e-6)


@pytest.mark.parametrize(("points", "halves", "worth"), [(1, 1, 0.5), (0, 1, 1), (1, 0.5, 0.25), (-2, 2, 1)])
def test_lost_points_count_as_cost_and_gained_ones_as_nothing(points: float, halves: float, worth: float) -> None:
    found = score([Quantity("accuracy", "points", points)], Scenario("s", "s", {"accuracy": 1}, halves))
    assert found.value == pytest.approx(worth)


def test_what_is_missing_counts_nothing_and_is_named() -> None:
    found = score([*costs(latency=(1, 4)), Quantity("energy", "mJ")], Scenario("s", "s", {"latency": 1, "energy": 3}))
    assert found.value == pytest.approx(4)
    assert found.missing == ("energy",)
    assert found.covered == pytest.approx(0.25)
    assert found.words == "4 times the worth of the float model for s; without energy, not known."


def test_without_any_figure_there_is_no_score() -> None:
    found = score([], SCENARIOS["phone"])
    assert found.value is None
    assert found.covered == 0
    assert set(found.missing) == set(SCENARIOS["phone"].weights)


@given(st.lists(st.tuples(st.sampled_from(list(QUANTITIES)), COSTS, COSTS), unique_by=lambda one: one[0]))
def test_factors_multiply_to_the_score(rows: list[tuple[str, float, float]]) -> None:
    quantities = [Quantity(name, "", value % 50 if name == "accuracy" else value, other) for name, value, other in rows]
    for one in SCENARIOS.values():
        found = score(quantities, one)
        product = 1.0
        for part in found.parts:
            product *= part.factor
        assert found.value is None if not found.parts else found.value == pytest.approx(product)


def test_figures_of_nought_do_no_harm() -> None:
    assert score(costs(latency=(0, 1), size=(1, 0)), SCENARIOS["phone"]).value is None


def test_weights_replace_those_of_the_scenario() -> None:
    found = scenario("phone", "latency=9, halves=0.25")
    assert found.weights == {**SCENARIOS["phone"].weights, "latency": 9}
    assert found.points_that_halve == 0.25
    own = scenario(None, "energy=1")
    assert own.weights == {"energy": 1}


@pytest.mark.parametrize(
    ("name", "weights", "said"),
    [
        ("fridge", None, "none of phone, camera, car, gateway"),
        ("phone", "speed=1", "'speed' is none of accuracy"),
        ("phone", "latency", "no number of 0 or more"),
        ("phone", "latency=-1", "no number of 0 or more"),
        ("phone", "latency=nan", "no number of 0 or more"),
        (None, "latency=0", "nothing counts"),
        (None, "latency=1,halves=0", "more than 0"),
    ],
)
def test_what_cannot_be_weighed_is_refused(name: str | None, weights: str | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        scenario(name, weights)
