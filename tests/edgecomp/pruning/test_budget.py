"""Budgets are kept, and no more is cut than they need. Nothing here needs TensorFlow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.pruning.budget import Budget, choose_channels
from edgecomp.pruning.channel_graph import FROZEN, ChannelGraph, ChannelGroup
from edgecomp.pruning.costs import Cost, CostTerm, LayerWork, kept_mask, layer_costs, total_cost
from edgecomp.pruning.tally import COSTS, Tally
from edgecomp.pruning.widths import WidthRules, ladders, widths

FIRST, SECOND = np.arange(32), np.arange(32, 56)
IMAGE, CLASSES = np.full(3, FROZEN), np.full(10, FROZEN)


def chain() -> tuple[ChannelGraph, list[CostTerm]]:
    """3 channels -> 32 (many places) -> 24 (few places) -> 10."""
    graph = ChannelGraph(
        {"input/0/0": IMAGE, "wide/0/0": FIRST, "relu/0/0": FIRST, "deep/0/0": SECOND, "head/0/0": CLASSES},
        (),
        (
            ChannelGroup(tuple(FIRST.tolist()), ("wide",), ("deep",)),
            ChannelGroup(tuple(SECOND.tolist()), ("deep",), ("head",)),
        ),
        {"head": "an output of the model"},
    )
    terms = [
        CostTerm("wide", Cost(macs=100 * 27, params=27, bytes=27), (FIRST,)),
        CostTerm("deep", Cost(macs=25, params=1, bytes=1), (FIRST, SECOND)),
        CostTerm("deep", Cost(params=1, bytes=4), (SECOND,)),
        CostTerm("head", Cost(macs=10, params=10, bytes=10), (SECOND,)),
    ]
    return graph, terms


def scores(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, 56)


def kept(removed: tuple[int, ...]) -> np.ndarray:
    return kept_mask(56, removed)


@pytest.mark.parametrize("ranking", ["global", "local"])
@pytest.mark.parametrize("of", ["macs", "params", "bytes"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7])
def test_the_budget_is_kept_and_widths_are_multiples(ranking: str, of: str, share: float) -> None:
    graph, terms = chain()
    removed = choose_channels(terms, ladders(graph, scores(), WidthRules()), [Budget(of, share)], ranking=ranking)
    before, after = total_cost(terms, kept(())), total_cost(terms, kept(removed))
    assert getattr(after, of) <= (1 - share) * getattr(before, of)
    found = widths(graph, kept(removed))
    assert found["wide"] % 8 == found["deep"] % 8 == 0
    assert min(found["wide"], found["deep"]) >= 8
    assert found["head"] == 10


@pytest.mark.parametrize("ranking", ["global", "local"])
@pytest.mark.parametrize("share", np.linspace(0.05, 0.75, 15).tolist())
def test_nothing_is_cut_in_vain(ranking: str, share: float) -> None:
    graph, terms = chain()
    made = ladders(graph, scores(), WidthRules())
    removed = set(choose_channels(terms, made, [Budget("macs", share)], ranking=ranking))
    allowed = (1 - share) * total_cost(terms, kept(())).macs
    for ladder in made:
        gone = len(removed & set(ladder.channels))
        if gone:
            previous = ladder.cuts[ladder.cuts.index(gone) - 1]
            given_back = removed - set(ladder.channels[previous:gone])
            assert total_cost(terms, kept(tuple(given_back))).macs > allowed


def test_the_least_important_channels_go() -> None:
    graph, terms = chain()
    values = scores()
    removed = choose_channels(terms, ladders(graph, values, WidthRules()), [Budget("macs", 0.3)])
    for group in graph.groups:
        gone = [values[one] for one in group.channels if one in removed]
        stays = [values[one] for one in group.channels if one not in removed]
        assert not gone or max(gone) <= min(stays)


def test_global_ranking_cuts_where_least_is_lost() -> None:
    graph, terms = chain()
    values = scores()
    values[SECOND[:16]] /= 1000
    removed = choose_channels(terms, ladders(graph, values, WidthRules()), [Budget("params", 0.3)])
    assert set(removed) <= set(SECOND.tolist())


def test_local_ranking_cuts_every_layer_alike() -> None:
    graph, terms = chain()
    values = scores()
    values[SECOND[:16]] /= 1000
    removed = choose_channels(
        terms, ladders(graph, values, WidthRules(multiple=1, block=1)), [Budget("macs", 0.5)], ranking="local"
    )
    found = widths(graph, kept(removed))
    assert abs(found["wide"] / 32 - found["deep"] / 24) < 0.15


def test_several_budgets_are_all_kept() -> None:
    graph, terms = chain()
    budgets = [Budget("macs", 0.4), Budget("params", 0.6), Budget("bytes", 0.2)]
    removed = choose_channels(terms, ladders(graph, scores(), WidthRules()), budgets)
    before, after = total_cost(terms, kept(())), total_cost(terms, kept(removed))
    assert all(getattr(after, one.of) <= (1 - one.share) * getattr(before, one.of) for one in budgets)


def test_a_budget_of_latency() -> None:
    graph, terms = chain()

    def milliseconds(layer: LayerWork) -> float:
        return 1.0 + layer.cost.macs / 1e4 if layer.name == "deep" else 0.1

    budget = [Budget("latency", 0.3)]
    removed = choose_channels(terms, ladders(graph, scores(), WidthRules()), budget, latency=milliseconds)
    before, after = (
        sum(milliseconds(LayerWork(name, cost)) for name, cost in layer_costs(terms, kept(gone)).items())
        for gone in ((), removed)
    )
    assert after <= 0.7 * before
    with pytest.raises(InputError, match=r"at most \d+\.\d% of the predicted latency"):
        choose_channels(terms, ladders(graph, scores(), WidthRules()), [Budget("latency", 0.9)], latency=milliseconds)


def test_an_impossible_budget_says_the_closest_possible() -> None:
    graph, terms = chain()
    made = ladders(graph, scores(), WidthRules())
    narrowest = tuple(channel for ladder in made for channel in ladder.channels[: ladder.cuts[-1]])
    most = 1 - total_cost(terms, kept(narrowest)).macs / total_cost(terms, kept(())).macs
    with pytest.raises(InputError, match=f"at most {np.floor(most * 1000) / 10}% of the MACs can be removed, not 95"):
        choose_channels(terms, made, [Budget("macs", 0.95)])
    closest = np.floor(most * 1000) / 1000
    assert choose_channels(terms, made, [Budget("macs", closest)])


def test_layers_left_alone_keep_their_widths() -> None:
    graph, terms = chain()
    made = ladders(graph, scores(), WidthRules(limits={"re*": 0.0}))
    removed = choose_channels(terms, made, [Budget("params", 0.3)])
    assert widths(graph, kept(removed))["wide"] == 32


def test_limits_and_floors() -> None:
    graph, _ = chain()
    limited = ladders(graph, scores(), WidthRules(multiple=1, block=1, limits={"deep": 0.25, "d*": 0.5}))
    assert [max(one.cuts) for one in limited] == [28, 6]
    floors = ladders(graph, scores(), WidthRules(multiple=8, block=8, min_share=0.6))
    assert [one.cuts for one in floors] == [(0, 8), (0, 8)]


def test_only_multiples_or_the_whole() -> None:
    channels = tuple(range(20))
    graph = ChannelGraph({"a/0/0": np.arange(20)}, (), (ChannelGroup(channels, ("a",), ()),), {})
    assert ladders(graph, np.ones(20), WidthRules())[0].cuts == (0, 4, 12)
    twice = ChannelGraph({"a/0/0": np.tile(np.arange(20), 2)}, (), graph.groups, {})
    assert ladders(twice, np.ones(20), WidthRules())[0].cuts == (0, 4, 12, 16)  # 40 in all: 32, 16 and 8 stay
    beside = ChannelGraph({"a/0/0": np.append(np.arange(20), [FROZEN] * 3)}, (), graph.groups, {})
    assert ladders(beside, np.ones(20), WidthRules())[0].cuts == (0, 7, 15)


def test_bad_options_are_refused() -> None:
    graph, terms = chain()
    with pytest.raises(InputError, match="no layer is called stem"):
        ladders(graph, scores(), WidthRules(limits={"stem": 0.0}))
    with pytest.raises(InputError, match="between 0 and 1"):
        Budget("macs", 50)
    with pytest.raises(InputError, match="min_share"):
        WidthRules(min_share=0)
    with pytest.raises(InputError, match="nothing in this model can be pruned"):
        choose_channels(terms, ladders(graph, scores(), WidthRules(multiple=64)), [Budget("macs", 0.5)])


def test_a_step_far_too_large_is_replaced_by_smaller_ones() -> None:
    """The cheapest step per saving may save ten times what is missing, and give up ten times as much."""
    big, small = np.arange(8), np.arange(8, 16)
    groups = tuple(ChannelGroup(tuple(one.tolist()), (name,), ()) for one, name in ((big, "big"), (small, "small")))
    graph = ChannelGraph({"big/0/0": big, "small/0/0": small}, (), groups, {})
    terms = [CostTerm("big", Cost(macs=100), (big,)), CostTerm("small", Cost(macs=12), (small,))]
    values = np.concatenate([np.full(8, 1.0), np.full(4, 0.2), np.full(4, 1.0)])
    made = ladders(graph, values, WidthRules(multiple=4, block=4))
    assert choose_channels(terms, made, [Budget("macs", 0.05)]) == (8, 9, 10, 11)


def test_it_is_the_share_of_a_group_that_counts() -> None:
    """Scores of other sizes, or more channels of the same importance, change nothing."""
    graph, terms = chain()
    values = scores()
    larger = values.copy()
    larger[SECOND] *= 1000
    budget = [Budget("macs", 0.5)]
    one, other = (choose_channels(terms, ladders(graph, each, WidthRules()), budget) for each in (values, larger))
    assert one == other
    few, many = (ladders(graph, each, WidthRules(multiple=1, block=1))[0] for each in (np.ones(56), np.full(56, 7.0)))
    np.testing.assert_allclose(few.losses, many.losses)
    np.testing.assert_allclose(few.losses[few.cuts.index(16)], 2)  # two layers, each with half the importance


def test_groups_of_no_importance_go_first_and_lose_nothing() -> None:
    graph, terms = chain()
    values = scores()
    values[SECOND] = 0
    removed = choose_channels(terms, ladders(graph, values, WidthRules()), [Budget("params", 0.3)])
    assert set(removed) <= set(SECOND.tolist())


@settings(max_examples=60, derandomize=True)
@given(st.integers(0, 10_000))
def test_the_tally_is_what_adding_up_anew_gives(seed: int) -> None:
    """Channels on several axes, twice on one, on both axes of one weight, beside frozen ones."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 9, 3)
    ends = np.cumsum(sizes)
    groups = [np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    pieces = [*groups, np.repeat(groups[0], 2), np.full(2, FROZEN)]
    axes = [np.concatenate([pieces[one] for one in rng.integers(0, 5, rng.integers(1, 4))]) for _ in range(6)]
    terms = [
        CostTerm(f"layer{index % 4}", Cost(*rng.integers(0, 9, 4).tolist()), tuple(axes[one] for one in chosen))
        for index, chosen in enumerate(rng.integers(0, 6, (7, 2)))
    ]
    graph = ChannelGraph({}, (), tuple(ChannelGroup(tuple(one.tolist()), (), ()) for one in groups), {})
    made = ladders(graph, rng.random(int(ends[-1])), WidthRules(multiple=1, block=1))
    tally = Tally(terms, made, lambda layer: layer.cost.macs**0.5 + layer.cost.params)
    for group in rng.integers(0, 3, 12).tolist():
        rung = int(rng.integers(0, len(made[group].cuts)))
        expected = tally.total + tally.change(group, rung)
        tally.move(group, rung)
        np.testing.assert_allclose(tally.total, expected, rtol=1e-9)
        gone = list(itertools.chain(*(one.channels[: one.cuts[at]] for one, at in zip(made, tally.rungs, strict=True))))
        costs = layer_costs(terms, kept_mask(int(ends[-1]), gone))
        assert [tally.total[place] for place in range(4)] == [
            sum(getattr(one, name) for one in costs.values()) for name in COSTS[:4]
        ]
        assert tally.total[-1] == pytest.approx(sum(one.macs**0.5 + one.params for one in costs.values()))


def test_layers_that_stay_wide_become_whole_blocks_of_the_kernels() -> None:
    graph, _ = chain()
    assert [len(one.channels) - cut for one in ladders(graph, scores(), WidthRules()) for cut in one.cuts] == [
        *(32, 16, 8),
        *(24, 16, 8),
    ]
    with pytest.raises(InputError, match="blocks of 1 channel or more"):
        WidthRules(block=0)


def test_a_kernel_does_whole_blocks_of_outputs_and_any_number_of_inputs() -> None:
    channels = np.arange(40), np.arange(40, 60)
    terms = [CostTerm("kernel", Cost(macs=1), channels, output=1)]
    groups = tuple(ChannelGroup(tuple(one.tolist()), (), ()) for one in channels)
    made = ladders(ChannelGraph({}, (), groups, {}), np.ones(60), WidthRules(multiple=4, block=1))
    tally = Tally(terms, made, lambda layer: float(layer.kernel_macs))
    kernel_macs = COSTS.index("kernel_macs")
    assert tally.total[0] == 40 * 20
    assert tally.total[kernel_macs] == tally.total[-1] == 40 * 32
    tally.move(1, made[1].cuts.index(4))
    assert tally.total[0] == 40 * 16
    assert tally.total[kernel_macs] == tally.total[-1] == 40 * 16
    tally.move(0, made[0].cuts.index(36))
    assert tally.total[kernel_macs] == tally.total[0] == 4 * 16


def test_what_a_block_computes_for_nothing_counts_as_no_saving() -> None:
    """Both layers have as many multiply-accumulates; only in one does a cut empty a block."""
    wide, narrow = np.arange(32), np.arange(32, 48)
    terms = [CostTerm("wide", Cost(macs=10), (wide,), output=0), CostTerm("narrow", Cost(macs=20), (narrow,), output=0)]
    groups = tuple(ChannelGroup(tuple(one.tolist()), (), ()) for one in (wide, narrow))
    made = ladders(ChannelGraph({}, (), groups, {}), np.ones(48), WidthRules())
    assert set(choose_channels(terms, made, [Budget("macs", 0.25)])) <= set(wide.tolist())
