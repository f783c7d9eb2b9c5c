"""Keeps count of what a network costs while channels are removed, without adding everything up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from .costs import KERNEL_BLOCK, Cost, CostTerm, LatencyModel, LayerWork, merge_terms
from .widths import Ladder

COSTS = ("macs", "params", "bytes", "activations", "kernel_macs", "latency")
"""What a tally counts, in this order; see `Cost` and `LayerWork`; latency in milliseconds."""


@dataclass(frozen=True, eq=False)
class _Footprint:
    """What a group's channels stand for in the terms.

    Args:
        terms: int64 [terms that have any of them]
        gone: int64 [rungs of its ladder, those terms, axes]: how many indices are gone on each rung.
    """

    terms: np.ndarray
    gone: np.ndarray


class Tally:
    """The cost of a network whose groups stand on rungs of their ladders; at first, on the topmost.

    Args:
        terms: what the network costs.
        ladders: how its groups can be cut.
        latency: predicts milliseconds; None leaves them at 0.
    """

    def __init__(
        self, terms: Sequence[CostTerm], ladders: Sequence[Ladder], latency: LatencyModel | None = None
    ) -> None:
        merged = merge_terms(terms)
        self._layers = list(dict.fromkeys(term.layer for term in merged))
        places = {name: place for place, name in enumerate(self._layers)}
        self._layer_of = np.array([places[term.layer] for term in merged], dtype=np.int64)
        self._units = np.array([astuple(term.unit) for term in merged], dtype=np.int64).reshape(len(merged), -1)
        self._kernel_units = self._units[:, :1] + np.array([term.overhead for term in merged], dtype=np.int64).reshape(
            -1, 1
        )
        self._outputs = np.array([-1 if term.output is None else term.output for term in merged], dtype=np.int64)
        self._widths = _widths(merged)
        self._footprints = _footprints(merged, ladders, self._widths.shape[1])
        self.rungs = [0] * len(ladders)
        self._latency = latency
        self._layer_costs = np.zeros((len(self._layers), len(COSTS) - 1), dtype=np.int64)
        np.add.at(self._layer_costs, self._layer_of, self._costs(slice(None), self._widths))
        self._milliseconds = np.array([self._predict(place, row) for place, row in enumerate(self._layer_costs)])

    @property
    def total(self) -> np.ndarray:
        """What all of it costs now: float64, see `COSTS`."""
        return np.append(self._layer_costs.sum(axis=0), self._milliseconds.sum())

    def change(self, group: int, rung: int) -> np.ndarray:
        """What the costs would change by if a group stood on another rung: float64, see `COSTS`."""
        layers, costs = self._layer_changes(group, rung)
        return np.append(
            costs.sum(axis=0), self._new_milliseconds(layers, costs).sum() - self._milliseconds[layers].sum()
        )

    def move(self, group: int, rung: int) -> None:
        """Puts a group on another rung."""
        layers, costs = self._layer_changes(group, rung)
        self._milliseconds[layers] = self._new_milliseconds(layers, costs)
        self._layer_costs[layers] += costs
        footprint = self._footprints[group]
        self._widths[footprint.terms] += footprint.gone[self.rungs[group]] - footprint.gone[rung]
        self.rungs[group] = rung

    def _layer_changes(self, group: int, rung: int) -> tuple[np.ndarray, np.ndarray]:
        """The layers whose costs would change, and by what: int64 [layers], int64 [layers, costs without latency]."""
        footprint = self._footprints[group]
        before = self._widths[footprint.terms]
        after = before + footprint.gone[self.rungs[group]] - footprint.gone[rung]
        changes = self._costs(footprint.terms, after) - self._costs(footprint.terms, before)
        layers, places = np.unique(self._layer_of[footprint.terms], return_inverse=True)
        costs = np.zeros((len(layers), changes.shape[1]), dtype=np.int64)
        np.add.at(costs, places, changes)
        return layers, costs

    def _costs(self, terms: slice | np.ndarray, widths: np.ndarray) -> np.ndarray:
        """The costs without latency of terms of these widths [terms, axes]: int64 [terms, costs]."""
        units, outputs = self._units[terms], self._outputs[terms]
        padded = widths.copy()
        blocked = np.flatnonzero(outputs >= 0)
        places = blocked, outputs[blocked]
        padded[places] = -(-padded[places] // KERNEL_BLOCK) * KERNEL_BLOCK
        kernels = self._kernel_units[terms] * padded.prod(axis=1, keepdims=True)
        return np.concatenate([units * widths.prod(axis=1, keepdims=True), kernels], axis=1)

    def _new_milliseconds(self, layers: np.ndarray, changes: np.ndarray) -> np.ndarray:
        rows = self._layer_costs[layers] + changes
        return np.array([self._predict(place, row) for place, row in zip(layers, rows, strict=True)], dtype=np.float64)

    def _predict(self, layer: int, cost: np.ndarray) -> float:
        if self._latency is None:
            return 0.0
        *counted, kernel_macs = cost.tolist()
        return float(self._latency(LayerWork(self._layers[layer], Cost(*counted), kernel_macs)))


def _widths(terms: Sequence[CostTerm]) -> np.ndarray:
    """int64 [terms, most axes a term has]: sizes of the axes, 1 where a term has fewer."""
    widths = np.ones((len(terms), max((len(term.axes) for term in terms), default=0)), dtype=np.int64)
    for row, term in zip(widths, terms, strict=True):
        row[: len(term.axes)] = [len(axis) for axis in term.axes]
    return widths


def _footprints(terms: Sequence[CostTerm], ladders: Sequence[Ladder], axes: int) -> list[_Footprint]:
    count = 1 + max((max(ladder.channels) for ladder in ladders), default=-1)
    group_of = np.full(count + 1, -1)
    place_of = np.zeros(count + 1, dtype=np.int64)
    for group, ladder in enumerate(ladders):
        channels = list(ladder.channels)
        group_of[channels] = group
        place_of[channels] = np.arange(len(channels))
    parts: list[dict[int, list[tuple[int, np.ndarray]]]] = [{} for _ in ladders]
    for index, term in enumerate(terms):
        for axis, channels_here in enumerate(term.axes):
            groups_here = group_of[channels_here]
            for group in np.unique(groups_here[groups_here >= 0]).tolist():
                ladder = ladders[group]
                copies = np.bincount(place_of[channels_here[groups_here == group]], minlength=len(ladder.channels))
                gone = np.append(0, np.cumsum(copies))[list(ladder.cuts)]
                parts[group].setdefault(index, []).append((axis, gone))
    return [_footprint(part, len(ladder.cuts), axes) for part, ladder in zip(parts, ladders, strict=True)]


def _footprint(part: dict[int, list[tuple[int, np.ndarray]]], rungs: int, axes: int) -> _Footprint:
    gone = np.zeros((rungs, len(part), axes), dtype=np.int64)
    for row, shares in enumerate(part.values()):
        for axis, count in shares:
            gone[:, row, axis] = count
    return _Footprint(np.array(list(part), dtype=np.int64), gone)
