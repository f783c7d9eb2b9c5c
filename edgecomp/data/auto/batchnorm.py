"""Evidence without labels: BatchNorm layers remember what reached them in training.

A network trained on inputs scaled one way keeps the mean and variance of each channel in its first BatchNorm layers.
Under the right preprocessing samples like the training data give nearly the same mean and variance again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from edgecomp_runtime.preprocess import Preprocess

LAYERS = 3
"""How many of the first BatchNorm layers are looked at: further in, errors of the first have been normalized away."""

CLOSE = 0.3
"""A distance beyond this is no likeness: the samples are unlike the training data, whatever is done to them."""

CLEARLY_CLOSER = 3.0
"""How many times further away the next candidate has to be."""

_MOST = 10.0
"""Most that one channel counts: one dead channel in training has a variance near 0, and would outweigh all others."""


def nearest(distances: Mapping[Preprocess, float]) -> Preprocess | None:
    """The candidate that is close, and clearly closer than the next; None where there is none.

    Args:
        distances: of two candidates or more, as `batchnorm_distance` gives them.
    """
    first, second, *_ = sorted(distances, key=lambda one: distances[one])
    clear = distances[first] <= CLOSE and distances[second] >= CLEARLY_CLOSER * distances[first]
    return first if clear else None


class Moments(NamedTuple):
    """One BatchNorm layer: what it remembers and what now reaches it, each float64 of shape [channels]."""

    mean: np.ndarray
    variance: np.ndarray
    seen_mean: np.ndarray
    seen_variance: np.ndarray


class _EnoughError(Exception):
    """The layers looked for have been reached; the rest of the network need not run."""


def batchnorm_distance(model: Any, values: Sequence[np.ndarray]) -> float | None:
    """How far what reaches the first BatchNorm layers is from what reached them in training.

    Args:
        model: a functional or Sequential `keras.Model`.
        values: float32 batches, one for each input, normalized by the preprocessing in question.

    Returns:
        Kullback-Leibler divergence between normal distributions, in nats, averaged over channels and then layers; None
        where there are no trained BatchNorm layers, or no graph to follow.
    """
    if not _is_network(model):
        return None
    moments = [one for one in first_moments(model, values) if _trained(one)]
    if not moments:
        return None
    return float(np.mean([np.mean(np.minimum(divergence(one), _MOST)) for one in moments]))


def divergence(one: Moments) -> np.ndarray:
    """KL(seen || remembered) of each channel, both taken for normal; in nats, float64 of shape [channels]."""
    floor = 1e-6 + 1e-3 * float(np.median(one.variance))
    remembered, seen = one.variance + floor, one.seen_variance + floor
    ratio = seen / remembered
    shift = (one.seen_mean - one.mean) ** 2 / remembered
    return np.asarray(0.5 * (ratio + shift - 1 - np.log(ratio)))


def first_moments(model: Any, values: Sequence[np.ndarray], layers: int = LAYERS) -> list[Moments]:
    """Runs a model up to its first BatchNorm layers.

    Args:
        model: a functional or Sequential `keras.Model`.
        values: float32 batches, one for each input.
        layers: how many BatchNorm layers to reach.
    """
    found: list[Moments] = []
    with suppress(_EnoughError):
        _run(model, [_tensor(value) for value in values], found, layers)
    return found


def _run(model: Any, tensors: list[Any], found: list[Moments], layers: int) -> Any:
    network = getattr(model, "_functional", None) or model

    def operation(one: Any) -> Any:
        if type(one).__name__ == "BatchNormalization":
            return lambda x, *args, **kwargs: _note(one, x, found, layers)
        if _is_network(one):
            return lambda x, *args, **kwargs: _run(one, x if isinstance(x, list) else [x], found, layers)
        takes_training = "training" in (getattr(one, "_call_context_args", None) or ())
        return lambda *args, **kwargs: one(*args, **{**kwargs, "training": False} if takes_training else kwargs)

    outputs = network._run_through_graph(tensors, operation_fn=operation)
    return outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs


def _is_network(operation: Any) -> bool:
    """Whether it is a functional model, or a built Sequential one; a subclassed model has no graph to follow."""
    return hasattr(operation, "_run_through_graph") or getattr(operation, "_functional", None) is not None


def _note(layer: Any, x: Any, found: list[Moments], layers: int) -> Any:
    seen = np.asarray(x, np.float64)
    axis = layer.axis if isinstance(layer.axis, int) else layer.axis[0]
    flat = np.moveaxis(seen, axis, -1).reshape(-1, seen.shape[axis])
    mean, variance = np.asarray(layer.moving_mean, np.float64), np.asarray(layer.moving_variance, np.float64)
    found.append(Moments(mean, variance, flat.mean(axis=0), flat.var(axis=0)))
    if len(found) >= layers:
        raise _EnoughError
    return layer(x, training=False)


def _trained(one: Moments) -> bool:
    """Whether the layer has left its initial state of mean 0 and variance 1."""
    return not (np.allclose(one.mean, 0, atol=1e-6) and np.allclose(one.variance, 1, atol=1e-4))


def _tensor(value: np.ndarray) -> Any:
    import keras

    return keras.ops.convert_to_tensor(value)
