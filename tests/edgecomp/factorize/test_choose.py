"""Budgets are kept with the least loss that the ladders allow."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.factorize.choose import AS_IT_IS, Budget, Choice, choose_for_budget, choose_for_energy
from edgecomp.factorize.forms import Option

Ladders = dict[str, list[Choice]]

CHOICES = st.lists(
    st.builds(
        Choice,
        st.integers(1, 64).map(lambda rank: Option("output", (rank,))),
        st.integers(-5, 100),
        st.floats(0.01, 1.0),
    ),
    max_size=6,
)
LADDERS = st.dictionaries(st.sampled_from("abcd"), CHOICES, min_size=1)


def totals(chosen: dict[str, Choice]) -> tuple[int, float]:
    return sum(one.saved for one in chosen.values()), sum(one.loss for one in chosen.values())


@given(LADDERS, st.floats(0.05, 0.9))
def test_the_budget_is_kept_and_no_layer_could_stay_better_alone(ladders: Ladders, share: float) -> None:
    most = sum(max([0, *(one.saved for one in choices)]) for choices in ladders.values())
    whole = max(most, 1)
    if most == 0:
        with pytest.raises(InputError, match=r"at most 0\.0%"):
            choose_for_budget(ladders, Budget("macs", share), whole)
        return
    chosen = choose_for_budget(ladders, Budget("macs", share), whole)
    saved, _ = totals(chosen)
    assert saved >= share * whole - 1e-6
    assert set(chosen) == set(ladders)
    for name, one in chosen.items():
        assert one is AS_IT_IS or one in ladders[name]
        better = [other for other in ladders[name] if other.saved >= one.saved and other.loss < one.loss - 1e-12]
        assert not better


@given(LADDERS)
def test_what_the_hulls_reach_exactly_is_the_best_of_all_combinations(ladders: Ladders) -> None:
    most = sum(max([0, *(one.saved for one in choices)]) for choices in ladders.values())
    if most < 2:
        return
    chosen = choose_for_budget(ladders, Budget("macs", 0.5), most)
    saved, loss = totals(chosen)
    every = product(*([AS_IT_IS, *choices] for choices in ladders.values()))
    best = min(sum(one.loss for one in some) for some in every if sum(one.saved for one in some) >= most / 2)
    steps = [one.loss for choices in ladders.values() for one in choices]
    assert loss <= best + max(steps)  # one step more than needed at the most
    assert saved >= most / 2


def test_more_than_there_is_is_refused_with_what_there_is() -> None:
    ladders = {"a": [Choice(Option("output", (8,)), 30, 0.9)]}
    with pytest.raises(InputError, match=r"at most 30\.0% of the MACs"):
        choose_for_budget(ladders, Budget("macs", 0.5), 100)
    with pytest.raises(InputError, match="between 0 and 1"):
        Budget("params", 1.5)


def test_energy_chooses_what_saves_most_and_keeps_enough() -> None:
    options = [Choice(Option("output", (rank,)), 100 - rank, kept) for rank, kept in ((8, 0.5), (16, 0.92), (24, 0.99))]
    chosen = choose_for_energy({"a": options, "b": options[:1]}, 0.9)
    assert chosen["a"].option == Option("output", (16,))
    assert chosen["b"] is AS_IT_IS
