"""Channels that did not move on the data that was shown, though other data might move them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .analysis import analyze
from .bounds.interval import Bounds
from .calls import list_calls
from .channel_graph import ChannelGraph
from .dead import DeadChannels, dead_within, without
from .feeding import input_arrays
from .flatten import flatten

if TYPE_CHECKING:
    import keras

_BATCH = 16


def remove_silent(model: keras.Model, samples: Any) -> tuple[keras.Model, DeadChannels]:
    """Removes the channels that have one value only on some samples; see `find_silent` for what that is worth.

    Args:
        model: a functional or Sequential model, built; it is left as it is.
        samples: see `find_silent`.

    Returns:
        a new model whose outputs for these samples are the same to within float32's rounding (`model` itself where
        nothing is silent), and what was removed.

    Raises:
        InputError: the model is subclassed or not built, or the samples do not fit it.
    """
    flat = flatten(model)
    graph = analyze(flat)
    silent = find_silent(flat, graph, samples)
    return (without(flat, graph, silent) if silent.channels else model), silent


def find_silent(model: keras.Model, graph: ChannelGraph, samples: Any) -> DeadChannels:
    """Finds the channels that have one value only on some samples.

    Removing them with `dead.without` keeps the outputs for these samples. For others it may change them: unlike
    what `remove_dead` finds this is a guess, the better the more samples there are.

    Args:
        model: a functional model as `flatten` gives it.
        graph: what `analyze` found in it.
        samples: an array, a list of arrays in the inputs' order, or a mapping by the inputs' names; samples first.

    Returns:
        the channels; one of each group stays, even where all are silent.

    Raises:
        InputError: the samples do not fit the model.
    """
    return dead_within(list_calls(model), graph, observed_bounds(model, samples))


def observed_bounds(model: keras.Model, samples: Any) -> dict[str, Bounds]:
    """The smallest and largest value of every tensor's channels on some samples, by "layer/node/output"."""
    import keras

    arrays = input_arrays(model, samples)
    named = {
        name: tensor
        for call in list_calls(model)
        for name, tensor in zip(call.output_names(), call.outputs, strict=True)
    }
    run = keras.Model(model.inputs, list(named.values()))
    lows = [np.full(1, np.inf)] * len(named)
    highs = [np.full(1, -np.inf)] * len(named)
    for start in range(0, len(arrays[0]), _BATCH):
        outputs = keras.tree.flatten(run([one[start : start + _BATCH] for one in arrays], training=False))
        values = (np.asarray(keras.ops.convert_to_numpy(one), np.float64) for one in outputs)
        rows = [one.reshape(-1, one.shape[-1]) for one in values]
        lows = [np.minimum(low, one.min(axis=0)) for low, one in zip(lows, rows, strict=True)]
        highs = [np.maximum(high, one.max(axis=0)) for high, one in zip(highs, rows, strict=True)]
    return {name: Bounds(low, high) for name, low, high in zip(named, lows, highs, strict=True)}
