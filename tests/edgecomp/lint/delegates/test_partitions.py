"""Partitions of random graphs: every operator once, after what it needs, in parts of alternating kinds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgecomp.lint.delegates.partitions import partition
from edgecomp.tflite import Operator, Subgraph, Tensor


@st.composite
def graphs(draw: Any) -> tuple[Subgraph, frozenset[int]]:
    """Operator i computes tensor i + 1 from any tensors before it; tensor 0 is the input."""
    count = draw(st.integers(1, 12))
    inputs = [tuple(draw(st.lists(st.integers(0, place), min_size=1, max_size=3))) for place in range(count)]
    operators = tuple(Operator(place, "RELU", inputs[place], (place + 1,)) for place in range(count))
    tensors = tuple(Tensor(index, "", (1,), "float32") for index in range(count + 1))
    return Subgraph(0, "", tensors, operators, (0,), (count,)), draw(st.frozensets(st.integers(0, count - 1)))


@given(graphs())
def test_parts_run_in_an_order_that_works(case: tuple[Subgraph, frozenset[int]]) -> None:
    graph, taken = case
    parts = partition(graph, taken)
    order = [index for part in parts for index in part.operators]
    assert sorted(order) == list(range(len(graph.operators)))
    assert all(set(part.operators) <= taken if part.delegated else not set(part.operators) & taken for part in parts)
    assert all(one.delegated != other.delegated for one, other in pairwise(parts))
    computed = {0}
    for index in order:
        assert set(graph.operators[index].inputs) <= computed
        computed |= set(graph.operators[index].outputs)


@given(graphs())
def test_what_is_all_taken_is_one_part(case: tuple[Subgraph, frozenset[int]]) -> None:
    graph, _ = case
    assert len(partition(graph, range(len(graph.operators)))) == 1


def test_operators_that_wait_for_each_other_are_in_no_part() -> None:
    tensors = tuple(Tensor(index, "", (1,), "float32") for index in range(2))
    graph = Subgraph(0, "", tensors, (Operator(0, "RELU", (1,), (0,)), Operator(1, "RELU", (0,), (1,))), (), ())
    assert partition(graph, ()) == ()
