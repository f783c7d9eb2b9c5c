"""How an interpreter cuts a graph into parts that a delegate runs and parts that it does not."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from ...tflite import Subgraph


@dataclass(frozen=True)
class Partition:
    """Operators that run one after another in one place.

    Args:
        delegated: whether the delegate runs them.
        operators: their indices, ascending.
    """

    delegated: bool
    operators: tuple[int, ...]


def partition(graph: Subgraph, taken: Collection[int]) -> tuple[Partition, ...]:
    """The parts in which a graph runs, in order; every hand-over between two of them costs a round through memory.

    As LiteRT's `PartitionGraphIntoIndependentNodeSubsets` does: a part goes on as long as any operator of its kind has
    all its inputs, also past operators of the other kind that it does not depend on
    (https://github.com/google-ai-edge/LiteRT/blob/main/tflite/graph_info.cc).

    Args:
        graph: the graph; what its control-flow operators run is not looked at.
        taken: indices of the operators that the delegate takes.
    """
    delegated = frozenset(taken)
    missing = _missing_inputs(graph)
    waiting = _consumers(graph)
    ready: dict[bool, deque[int]] = {True: deque(), False: deque()}
    for index, count in enumerate(missing):
        if count == 0:
            ready[index in delegated].append(index)
    parts = []
    while ready[True] or ready[False]:
        kind = not ready[False] or (bool(ready[True]) and min(ready[True]) < min(ready[False]))
        part = []
        while ready[kind]:
            operator = ready[kind].popleft()
            part.append(operator)
            for tensor in set(graph.operators[operator].outputs):
                for consumer in waiting.pop(tensor, ()):
                    missing[consumer] -= 1
                    if missing[consumer] == 0:
                        ready[consumer in delegated].append(consumer)
        parts.append(Partition(kind, tuple(sorted(part))))
    return tuple(parts)


def _missing_inputs(graph: Subgraph) -> list[int]:
    """For each operator the number of its inputs that other operators have yet to compute."""
    computed = {tensor for operator in graph.operators for tensor in operator.outputs}
    return [len(computed & set(operator.inputs) - {-1}) for operator in graph.operators]


def _consumers(graph: Subgraph) -> dict[int, list[int]]:
    """For each tensor the operators that read it."""
    consumers: dict[int, list[int]] = {}
    for operator in graph.operators:
        for tensor in set(operator.inputs):
            consumers.setdefault(tensor, []).append(operator.index)
    return consumers
