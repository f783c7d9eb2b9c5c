"""What a network without some of its channels has to compute, found without rebuilding anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.channel_graph import ChannelGraph
from edgecomp.pruning.flatten import flatten
from edgecomp.pruning.rebuild import remove_channels
from edgecomp.pruning.variables import layer_variables

TOLERANCE = {"float32": 1e-5, "float64": 1e-11}
"""Largest difference allowed, relative to the largest output."""


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Networks built inside compute in "float32" or "float64"."""
    import keras

    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def randomize(model: Any, seed: int = 0) -> None:
    """Gives every weight and stored statistic a random value that keeps activations of about size 1."""
    random = np.random.default_rng(seed)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if not np.issubdtype(np.dtype(variable.dtype), np.floating):
            continue
        if variable.name in ("gamma", "moving_variance", "variance", "scale"):
            value = random.uniform(0.5, 1.5, shape)
        elif len(shape) < 2:
            value = random.normal(0, 0.3, shape)
        else:
            value = random.normal(0, 1.3 / np.sqrt(np.prod(shape[:-1])), shape)
        variable.assign(value)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # a Normalization computes with constants made of its weights
            layer.finalize_state()


def samples_for(model: Any, seed: int = 1, count: int = 2) -> list[np.ndarray]:
    """Random inputs: numbers of words for integer inputs, else of size 1."""
    random = np.random.default_rng(seed)
    return [
        random.integers(0, 8, (count, *tensor.shape[1:])).astype(tensor.dtype)
        if "int" in tensor.dtype
        else random.normal(0, 1, (count, *tensor.shape[1:])).astype(tensor.dtype)
        for tensor in model.inputs
    ]


def outputs_of(model: Any, samples: list[np.ndarray]) -> list[np.ndarray]:
    """What a model with flat inputs computes, in inference."""
    import keras

    given = samples[0] if len(samples) == 1 else samples
    return [np.asarray(one) for one in keras.tree.flatten(model(given, training=False))]


def share_of(graph: ChannelGraph, share: float, seed: int = 0) -> list[int]:
    """A random share of the channels of every group, of each at least one and never all."""
    random = np.random.default_rng(seed)
    removed: list[int] = []
    for group in graph.groups:
        count = min(max(1, round(len(group.channels) * share)), len(group.channels) - 1)
        removed += random.permutation(group.channels)[:count].tolist()
    return removed


def outputs_with_readers_zeroed(
    model: Any, graph: ChannelGraph, removed: Collection[int], samples: list[np.ndarray]
) -> list[np.ndarray]:
    """The outputs of a model whose weights that read a removed channel are zero; its weights are put back."""
    layers = {layer.name: layer for layer in model.layers}
    before = model.get_weights()
    for axis in graph.axes:
        if axis.role == "consumes":
            variable = layer_variables(layers[axis.layer])[axis.variable]
            value = np.moveaxis(np.array(variable), axis.axis, 0)
            value[np.isin(axis.channels, list(removed))] = 0
            variable.assign(np.moveaxis(value, 0, axis.axis))
    outputs = outputs_of(model, samples)
    model.set_weights(before)
    return outputs


def difference(expected: list[np.ndarray], found: list[np.ndarray]) -> float:
    """The largest difference, relative to the largest value of the same output."""
    assert [one.shape for one in expected] == [one.shape for one in found]
    assert all(np.isfinite(one).all() for one in (*expected, *found))
    return max(float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-3)) for a, b in zip(expected, found, strict=True))


def check_cut(model: Any, share: float, seed: int = 0) -> Any:
    """Cuts a random share of a model's channels and compares with the oracle.

    Returns:
        the smaller model.
    """
    flat = flatten(model)
    graph = analyze(flat)
    removed = share_of(graph, share, seed)
    samples = samples_for(flat, seed)
    assert difference(outputs_of(model, samples), outputs_of(flat, samples)) == 0
    expected = outputs_with_readers_zeroed(flat, graph, removed, samples)
    smaller = remove_channels(flat, graph, removed)
    assert difference(expected, outputs_of(smaller, samples)) < TOLERANCE[str(flat.outputs[0].dtype)]
    assert smaller.count_params() < model.count_params() or not removed
    assert [one.name for one in smaller.layers] == [one.name for one in flat.layers]
    assert [one.trainable for one in smaller.layers] == [one.trainable for one in flat.layers]
    return smaller
