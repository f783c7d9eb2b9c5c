"""What a network costs as a function of the channels kept: sums of products of widths. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from math import prod

import numpy as np


@dataclass(frozen=True)
class Cost:
    """What one inference, or one file, costs.

    Args:
        macs: multiply-accumulates by weights (and of two activations, in attention), for a batch of 1.
        params: elements of the weights, as Keras counts them.
        bytes: of the weights in an INT8 file: 1 for each weight, 4 for each bias. A convolution or dense layer has a
            bias there even where the Keras layer has none; a BatchNorm that is folded into it costs nothing.
        activations: elements that the layers write.
    """

    macs: int = 0
    params: int = 0
    bytes: int = 0
    activations: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Cost)))

    def __sub__(self, other: Cost) -> Cost:
        return self + other.times(-1)

    def times(self, count: int) -> Cost:
        """The cost of `count` of them."""
        return Cost(*(getattr(self, one.name) * count for one in fields(Cost)))


@dataclass(frozen=True, eq=False)
class CostTerm:
    """One weight or one written tensor: its cost is a product of widths.

    Args:
        layer: name of the layer it belongs to.
        unit: what it costs for each combination of one index from every axis.
        axes: int64 arrays: the channel of each index of each axis that has channels, `FROZEN` where it must stay.
        output: which of the axes a kernel computes in blocks; None for what is no kernel.
        overhead: what else a kernel does for each combination, in multiply-accumulates; see `LayerWork`.
    """

    layer: str
    unit: Cost
    axes: tuple[np.ndarray, ...] = ()
    output: int | None = None
    overhead: int = 0

    def cost(self, kept: np.ndarray) -> Cost:
        """The cost with some channels removed.

        Args:
            kept: bool [number of channels + 1]; the last one stands for `FROZEN` and is True.
        """
        return self.unit.times(prod(int(kept[axis].sum()) for axis in self.axes))


@dataclass(frozen=True)
class LayerWork:
    """What a latency model is told of a layer.

    Args:
        name: of the layer.
        cost: with the channels kept.
        kernel_macs: what its kernel does, in multiply-accumulates: it computes channels in blocks of `KERNEL_BLOCK`,
            and has `OUTPUT_WORK` with each of them.
    """

    name: str
    cost: Cost
    kernel_macs: int = 0


KERNEL_BLOCK = 16
"""Output channels that XNNPACK's int8 kernels compute at a time, on ARM with and without dot products: 8 channels take
the instructions of 16 (`edgecomp profile FILE --on emulate:cortex-a53`, or cortex-a76). Nobody counted on x86."""

OUTPUT_WORK = 40
"""What an output costs beside its multiply-accumulates (sums become int8, addresses are looked up), in the instructions
of so many of them: between 11 on a Cortex-A53 and 80 with dot products on a Cortex-A76, which two counts of a 3x3
convolution give (72 and 144 products an output)."""

LatencyModel = Callable[[LayerWork], float]
"""Predicts the milliseconds that one layer takes; those of a network are their sum."""


def kept_mask(count: int, removed: Iterable[int] = ()) -> np.ndarray:
    """Which channels stay.

    Args:
        count: number of channels.
        removed: those that go.

    Returns:
        bool [count + 1]; the last one stands for `FROZEN`, which as an index is the last element.
    """
    kept = np.ones(count + 1, dtype=bool)
    kept[list(removed)] = False
    return kept


def layer_costs(terms: Sequence[CostTerm], kept: np.ndarray) -> dict[str, Cost]:
    """The cost of each layer, in the order of the terms.

    Args:
        terms: of the network.
        kept: see `kept_mask`.
    """
    costs: dict[str, Cost] = {}
    for term in terms:
        costs[term.layer] = costs.get(term.layer, Cost()) + term.cost(kept)
    return costs


def total_cost(terms: Sequence[CostTerm], kept: np.ndarray) -> Cost:
    """The cost of the network; see `layer_costs`."""
    return sum(layer_costs(terms, kept).values(), Cost())


def merge_terms(terms: Sequence[CostTerm]) -> tuple[CostTerm, ...]:
    """The same costs in fewer terms: those of a layer with the same axes become one, as the weights of a BatchNorm."""
    merged: dict[tuple[str, int | None, tuple[bytes, ...]], CostTerm] = {}
    for term in terms:
        key = (term.layer, term.output, tuple(axis.tobytes() for axis in term.axes))
        before = merged.get(key)
        merged[key] = (
            term
            if before is None
            else replace(before, unit=before.unit + term.unit, overhead=before.overhead + term.overhead)
        )
    return tuple(merged.values())
