"""Which channels each layer of a model reads, and which of them it could do without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .bounds.interval import Bounds
from .calls import Call
from .channel_graph import ChannelGraph
from .reading import Reading, reading_of

FLOAT32_ROUNDING = 2.0**-24
"""Relative; a float32 that moves less does not move."""


@dataclass(frozen=True, eq=False)
class Read:
    """How one call of a layer reads one tensor.

    Args:
        layer: its name.
        channels: int64 [inputs], their numbers.
        needless: bool [inputs]: it can do without.
        value: float64 [inputs]: what it reads where it can do without; 0 where it does not heed it.
        gain: float [inputs, outputs], or None; see `Reading`.
    """

    layer: str
    channels: np.ndarray
    needless: np.ndarray
    value: np.ndarray
    gain: np.ndarray | None


def list_reads(
    calls: Sequence[Call], graph: ChannelGraph, bounds: Mapping[str, Bounds], *, quantized_zero: bool
) -> list[Read]:
    """How every layer that reads channels reads each of its inputs, in the order of the calls.

    Args:
        calls: of the network.
        graph: its channels.
        bounds: of each tensor, by its name in the graph.
        quantized_zero: whether weights that round to 0 in int8 count as 0.
    """
    readers = {one.layer for one in graph.axes if one.role == "consumes"}
    names = {id(tensor): name for call in calls for tensor, name in zip(call.outputs, call.output_names(), strict=True)}
    found = []
    for call in calls:
        if call.layer not in readers:
            continue
        reading = reading_of(call)
        for tensor in call.inputs[:1] if reading else call.inputs:  # a TimeDistributed may get a mask, too
            name = names[id(tensor)]
            found.append(_read(call.layer, graph.tensors[name], bounds[name], reading, quantized_zero=quantized_zero))
    return found


def _read(layer: str, channels: np.ndarray, bounds: Bounds, reading: Reading | None, *, quantized_zero: bool) -> Read:
    constant, value = constants(bounds)
    if reading is None:
        return Read(layer, channels, constant & (value == 0), np.zeros(channels.size), None)
    foldable = constant & ((value == 0) | (reading.gain is not None))
    unread = reading.unread_in_int8 if quantized_zero else reading.unread
    return Read(layer, channels, foldable | unread, np.where(foldable & ~reading.unread, value, 0.0), reading.gain)


def constants(bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """Which channels are constant as far as float32 can tell, and their values: bool and float64 [channels]."""
    furthest = np.maximum(np.abs(bounds.low), np.abs(bounds.high))
    bounded = np.isfinite(furthest)
    low, high = np.where(bounded, bounds.low, 0.0), np.where(bounded, bounds.high, 0.0)
    constant = bounded & (high - low <= FLOAT32_ROUNDING * furthest)
    return constant, np.where(constant, low / 2 + high / 2, 0.0)


def at_odds(reads: Sequence[Read]) -> Iterator[np.ndarray]:
    """Channels for which the calls of a shared layer would need different biases."""
    first: dict[str, Read] = {}
    for read in reads:
        if read.gain is not None:
            same = first.setdefault(read.layer, read).value == read.value
            yield read.channels[~same]


def read_by_their_makers(
    calls: Sequence[Call], graph: ChannelGraph, bounds: Mapping[str, Bounds]
) -> Iterator[np.ndarray]:
    """The units of recurrent layers, which read their own outputs; those that are always 0 excepted."""
    recurrent = {one.layer for one in graph.axes if one.role == "consumes" and "recurrent_kernel" in one.variable}
    for call in calls:
        if call.layer in recurrent:
            for name in call.output_names():
                constant, value = constants(bounds[name])
                yield graph.tensors[name][~constant | (value != 0)]


def biases_for(reads: Sequence[Read], chosen: np.ndarray) -> dict[str, np.ndarray]:
    """What the chosen channels add to the outputs of the layers that read them."""
    biases: dict[str, np.ndarray] = {}
    for read in reads:
        value = np.where(chosen[read.channels], read.value, 0.0)
        if read.layer not in biases and read.gain is not None and value.any():
            biases[read.layer] = value @ read.gain
    return biases
