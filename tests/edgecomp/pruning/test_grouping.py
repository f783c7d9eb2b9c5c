import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.pruning.channel_graph import FROZEN, WeightAxis
from edgecomp.pruning.grouping import group_channels


def axis(layer: str, channels: list[int], role: str = "produces") -> WeightAxis:
    return WeightAxis(layer, "kernel", 0, np.array(channels, np.int64), role)  # type: ignore[arg-type]


def test_channels_of_the_same_layers_are_a_group() -> None:
    axes = [axis("a", [0, 1]), axis("b", [2, 3]), axis("c", [0, 1, 2, 3], "consumes"), axis("d", [2, 3])]
    first, second = group_channels(axes, [], 4)
    assert (first.channels, first.producers, first.consumers) == ((0, 1), ("a",), ("c",))
    assert (second.channels, second.producers, second.consumers) == ((2, 3), ("b", "d"), ("c",))


def test_a_slice_parts_a_group() -> None:
    groups = group_channels([axis("a", [0, 1, 2, 3])], [np.array([0, 1, 2, 3]), np.array([0, FROZEN])], 4)
    assert [group.channels for group in groups] == [(0,), (1, 2, 3)]


def test_there_may_be_none() -> None:
    assert group_channels([axis("a", [FROZEN])], [np.array([FROZEN])], 0) == ()


@given(st.lists(st.sets(st.integers(0, 9)), max_size=8))
def test_one_group_for_each_set_of_places(subsets: list[set[int]]) -> None:
    groups = group_channels([axis("a", list(range(10)))], [np.array(sorted(one), np.int64) for one in subsets], 10)
    places: dict[tuple[bool, ...], list[int]] = {}
    for channel in range(10):
        places.setdefault(tuple(channel in one for one in subsets), []).append(channel)
    assert [group.channels for group in groups] == [tuple(one) for one in places.values()]
