"""Estimates the activation memory an interpreter without delegates needs, planned as TFLite's arena planner does.

The plan is greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020,
https://arxiv.org/abs/2001.03288), as in TFLite's `arena_planner.cc`: the largest tensor goes first, each into the
smallest gap between the tensors that live at the same time. A delegate plans its own memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from .model import Operator, Subgraph, Tensor, TfliteModel
from .scratch import scratch_of

# kDefaultTensorAlignment in TFLite's interpreter.
ARENA_ALIGNMENT = 64
# Operators that may write their result over an input, and over which of the first inputs; found by comparing the
# addresses that LiteRT 2.3 gives out.
_IN_PLACE_INPUTS = {
    "ADD": 2,
    "SUB": 2,
    "MUL": 2,
    "DIV": 2,
    "SOFTMAX": 1,
    "RESHAPE": 1,
    "SQUEEZE": 1,
    "EXPAND_DIMS": 1,
}
# Those whose result is the input itself under another shape, so that the input may still be read later.
_SAME_VALUES = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})
# Scalars (4 bytes) are not shared.
_SMALLEST_SHARED = 4
# Operators whose kernels keep the result when all they read is constant.
_UNPACKS = frozenset({"DEQUANTIZE", "DENSIFY"})
# Sizes that a file makes up are kept within what sums of 64 bits hold; the reader bounds those of tensors.
_MOST = 2**48
# Placing is quadratic. Above this many tensors the estimate is the largest sum of what lives at once.
_MAX_PLACED = 20_000


@dataclass(frozen=True)
class Lifetime:
    """A tensor's memory need: `nbytes`, from the operator `first` to the operator `last` (both included)."""

    nbytes: int
    first: int
    last: int


def peak_activation_bytes(model: TfliteModel) -> int:
    """Bytes that inputs, outputs, intermediates and state take at once, for the sizes stored in the file.

    Of the graphs that control flow runs, the largest is added to the main graph, since it runs inside it.
    """
    peaks = [arena_bytes(lifetimes(graph)) for graph in model.subgraphs]
    return peaks[0] + max(peaks[1:], default=0)


def peak_arena_bytes(model: TfliteModel) -> int:
    """The same with the scratch memory of TFLite's own kernels: what an interpreter without a delegate takes.

    A convolution unfolds its input into scratch memory, often many times the size of the tensors themselves.
    """
    peaks = [arena_bytes((*lifetimes(graph), *scratch_lifetimes(graph))) for graph in model.subgraphs]
    return peaks[0] + max(peaks[1:], default=0)


def lifetimes(graph: Subgraph) -> tuple[Lifetime, ...]:
    """When each computed tensor of a graph must be in memory.

    Inputs and outputs of the graph stay to the end, as callers read them. State, and weights that are unpacked when
    the model is loaded, live throughout.
    """
    end = max(len(graph.operators) - 1, 0)
    owner = _memory_owners(graph)
    spans = dict.fromkeys(graph.inputs, (0, end))
    for operator in graph.operators:
        for index in operator.outputs + operator.inputs:
            place = owner.get(index, index)
            first, last = spans.get(place, (operator.index, operator.index))
            spans[place] = (first, max(last, operator.index))
    for index in graph.outputs:
        place = owner.get(index, index)
        spans[place] = (spans.get(place, (0, end))[0], end)
    spans.update(dict.fromkeys(_always_live(graph), (0, end)))
    return tuple(
        Lifetime(graph.tensors[index].nbytes, first, last)
        for index, (first, last) in spans.items()
        if index >= 0 and _needs_memory(graph.tensors[index])
    )


def scratch_lifetimes(graph: Subgraph) -> tuple[Lifetime, ...]:
    """When the scratch memory of each kernel must be there: while it runs, or throughout where it is kept."""
    end = max(len(graph.operators) - 1, 0)
    return tuple(
        Lifetime(min(need.nbytes, _MOST), *((0, end) if need.kept else (operator.index, operator.index)))
        for operator in graph.operators
        for need in scratch_of(graph, operator)
        if need.nbytes > 0
    )


def arena_bytes(needs: tuple[Lifetime, ...]) -> int:
    """Size of an arena that holds all `needs`, each at a multiple of 64 bytes."""
    if len(needs) > _MAX_PLACED:
        return _largest_sum(needs)
    end = max((need.last for need in needs), default=0)
    # What lives throughout goes first, in the order given; the rest by size, and by time where sizes are equal.
    order = sorted(
        needs, key=lambda need: (0, 0, 0) if (need.first, need.last) == (0, end) else (1, -need.nbytes, need.first)
    )
    offsets = np.zeros(len(order), np.int64)
    ends = np.zeros(len(order), np.int64)
    first = np.array([need.first for need in order], np.int64)
    last = np.array([need.last for need in order], np.int64)
    for place, need in enumerate(order):
        alive = np.flatnonzero((first[:place] <= need.last) & (last[:place] >= need.first))
        offsets[place] = _best_gap(offsets[alive], ends[alive], need.nbytes)
        ends[place] = offsets[place] + need.nbytes
    return _aligned(int(ends.max(initial=0)))


def _best_gap(offsets: np.ndarray, ends: np.ndarray, nbytes: int) -> int:
    """Where `nbytes` fit best between neighbours at `offsets` to `ends`: the smallest gap, else behind them all."""
    if offsets.size == 0:
        return 0
    order = np.argsort(offsets, kind="stable")
    reached = np.maximum.accumulate(ends[order])
    starts = np.concatenate(([0], -(-reached // ARENA_ALIGNMENT) * ARENA_ALIGNMENT))
    gaps = offsets[order] - starts[:-1]
    fitting = np.flatnonzero(gaps >= nbytes)
    return int(starts[fitting[np.argmin(gaps[fitting])]] if fitting.size else starts[-1])


def _memory_owners(graph: Subgraph) -> dict[int, int]:
    """For each tensor that shares another's memory, the one that owns it."""
    owner: dict[int, int] = {}
    uses = Counter(index for operator in graph.operators for index in operator.inputs)
    fixed = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:
        for source in operator.inputs[: _IN_PLACE_INPUTS.get(operator.name, 0)]:
            result = operator.outputs[0] if operator.outputs else -1
            free = min(source, result) >= 0 and not {source, result} & fixed and not graph.tensors[source].is_constant
            if free and (operator.name in _SAME_VALUES or (uses[source] == 1 and _equal_size(graph, source, result))):
                owner[result] = owner.get(source, source)
                break
    return owner


def _equal_size(graph: Subgraph, source: int, result: int) -> bool:
    return graph.tensors[source].nbytes == graph.tensors[result].nbytes > _SMALLEST_SHARED


def _always_live(graph: Subgraph) -> list[int]:
    """State, and the results of unpacking constants (float16 weights), which the interpreter computes only once."""
    unpacked = (
        operator.outputs[0]
        for operator in graph.operators
        if operator.name in _UNPACKS and operator.outputs and _all_constant(graph, operator)
    )
    return [*(tensor.index for tensor in graph.tensors if tensor.is_variable), *unpacked]


def _all_constant(graph: Subgraph, operator: Operator) -> bool:
    return all(tensor.is_constant for tensor in graph.tensors_of(operator.inputs))


def _needs_memory(tensor: Tensor) -> bool:
    return not tensor.is_constant and tensor.nbytes > 0


def _largest_sum(needs: tuple[Lifetime, ...]) -> int:
    change: dict[int, int] = {}
    for need in needs:
        change[need.first] = change.get(need.first, 0) + _aligned(need.nbytes)
        change[need.last + 1] = change.get(need.last + 1, 0) - _aligned(need.nbytes)
    live = peak = 0
    for place in sorted(change):
        live += change[place]
        peak = max(peak, live)
    return peak


def _aligned(nbytes: int) -> int:
    return -(-nbytes // ARENA_ALIGNMENT) * ARENA_ALIGNMENT
