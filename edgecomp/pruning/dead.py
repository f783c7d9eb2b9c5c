"""Channels that can be removed without any change of the outputs: those that are constant for every possible input.

A constant channel adds the same to its readers whatever the network is shown, so it can go once its share is in the
readers' biases. Where a reader pads its input with zeros, a channel is constant there only if it is 0. Channels whose
readers have no weights for them go as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .analysis import analyze
from .bounds.interval import Bounds
from .bounds.network import Range, input_bounds, tensor_bounds
from .calls import Call, list_calls
from .channel_graph import FROZEN, ChannelGraph
from .dead_reasons import DeadLayer, explain
from .flatten import flatten
from .network_reads import at_odds, biases_for, list_reads, read_by_their_makers
from .rebuild import remove_channels

if TYPE_CHECKING:
    import keras

MOST_ROUNDS = 8
"""How often a network is searched again without what was found; each round may prove more channels dead."""


@dataclass(frozen=True, eq=False)
class DeadChannels:
    """Channels of a model that can be removed without a change of its outputs.

    Args:
        channels: their numbers, rising.
        layers: the same channels by the layer that makes them so, in the order of the layers' calls.
        biases: float64 [outputs] by layer: what the removed channels add to a reader's outputs; only where it is not 0.
    """

    channels: tuple[int, ...]
    layers: tuple[DeadLayer, ...]
    biases: Mapping[str, np.ndarray]


def dead_within(
    calls: Sequence[Call], graph: ChannelGraph, bounds: Mapping[str, Bounds], *, quantized_zero: bool = False
) -> DeadChannels:
    """Finds the channels that can go if every tensor stays within its bounds.

    Args:
        calls: those of the model.
        graph: what `analyze` found in it.
        bounds: by "layer/node/output".
        quantized_zero: see `remove_dead`.

    Returns:
        the channels; one of each group stays, even where all are dead.
    """
    count = 1 + max((channel for group in graph.groups for channel in group.channels), default=FROZEN)
    live = np.zeros(count + 1, bool)  # the last entry is for FROZEN
    reads = list_reads(calls, graph, bounds, quantized_zero=quantized_zero)
    for read in reads:
        live[read.channels[~read.needless]] = True
    for channels in at_odds(reads):
        live[channels] = True
    for channels in read_by_their_makers(calls, graph, bounds):
        live[channels] = True
    dead = [channel for group in graph.groups for channel in _removable(group.channels, live)]
    chosen = np.zeros(count + 1, bool)
    chosen[dead] = True
    reasons = explain(dead, calls, graph, bounds)
    return DeadChannels(tuple(sorted(dead)), reasons, biases_for(reads, chosen))


def remove_dead(
    model: keras.Model, *, input_range: Mapping[str, Range] | None = None, quantized_zero: bool = False
) -> tuple[keras.Model, tuple[DeadChannels, ...]]:
    """Removes the channels that are constant for every possible input, or that nothing reads.

    Args:
        model: a functional or Sequential model, built; it is left as it is.
        input_range: lowest and highest value of inputs by name, numbers or arrays [channels]; more can be proven with
            it. An input that is not named may be anything.
        quantized_zero: count channels in, too, whose readers' weights for them all round to 0 in int8 (one scale for
            each output). The int8 weights of the others do not change. The float model's outputs do, by less than
            half a quantization step for each weight; ranges that are calibrated, and biases that are corrected, after
            the removal may therefore come out slightly different. Equalization changes which weights round to 0:
            equalize first.

    Returns:
        a new model whose outputs are the same to within float32's rounding (`model` itself where nothing is dead), and
        what was removed in each round; channels are numbered anew for each.

    Raises:
        InputError: the model is subclassed or not built, or `input_range` does not fit it.
    """
    given = input_bounds(model, input_range)  # by position from here on: inputs without names get new ones
    flat, rounds = flatten(model), []
    for _ in range(MOST_ROUNDS):
        graph = analyze(flat)
        bounds = tensor_bounds(flat, given)
        dead = dead_within(list_calls(flat), graph, bounds, quantized_zero=quantized_zero)
        if not dead.channels:
            break
        rounds.append(dead)
        flat = without(flat, graph, dead)
    return (flat if rounds else model), tuple(rounds)


def without(model: keras.Model, graph: ChannelGraph, dead: DeadChannels) -> keras.Model:
    """A new model without dead channels, what they added to their readers now in the readers' biases."""
    return remove_channels(model, graph, dead.channels, additions=dead.biases)


def _removable(channels: Sequence[int], live: np.ndarray) -> Sequence[int]:
    """The dead ones of a group, all but one if all are dead."""
    dead = [channel for channel in channels if not live[channel]]
    return dead[1:] if len(dead) == len(channels) else dead
