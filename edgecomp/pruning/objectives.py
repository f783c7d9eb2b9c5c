"""What gradients are taken of: the loss where there are labels, random projections of the outputs where there are none.

A random projection v'y has the gradient J'v, whose square is on average that of the Jacobian: of how far the outputs
move. Where an output is a distribution over classes, v is divided by the root of the probabilities, which makes it the
Fisher information: of how far the distribution moves (as Kullback-Leibler divergence).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError

if TYPE_CHECKING:
    import keras

_PROBED = 16
"""Samples on which outputs are looked at, to tell probabilities from scores."""

_SMALLEST = 1e-7
"""Probabilities are no smaller than this, as in Keras' own losses."""


@dataclass(frozen=True, eq=False)
class Objective:
    """What to differentiate for one output.

    Args:
        value: a scalar, from the output [1, ...] and its target [1, ...].
        targets: [samples, ...]
    """

    value: Callable[[Any, Any], Any]
    targets: np.ndarray


def choose_objectives(model: keras.Model, inputs: Sequence[np.ndarray], labels: Any, seed: int) -> list[Objective]:
    """What to differentiate, for each output.

    Args:
        model: a functional model.
        inputs: the samples, see `feeding.input_arrays`.
        labels: see `importance.score`; None for random projections.
        seed: of those.

    Raises:
        InputError: the labels do not fit the outputs.
    """
    import keras

    probed = keras.tree.pack_sequence_as(model.input, [array[:_PROBED] for array in inputs])
    outputs = keras.tree.flatten(model.predict_on_batch(probed))
    count = len(inputs[0])
    if labels is None:
        generator = np.random.default_rng(seed)
        return [_projection(output, count, generator) for output in outputs]
    names = list(model.output_names)
    if isinstance(labels, Mapping) and all(name in labels for name in names):
        given = [labels[name] for name in names]
    else:
        given = list(labels) if len(outputs) > 1 and isinstance(labels, Sequence) else [labels]
    if len(given) != len(outputs) or any(len(one) != count for one in given):
        raise InputError(f"give labels for each of the {count} samples, and a list of them for several outputs")
    return [_loss(output, np.asarray(one), count) for output, one in zip(outputs, given, strict=True)]


def _projection(output: np.ndarray, count: int, generator: np.random.Generator) -> Objective:
    directions = generator.standard_normal((count, *output.shape[1:])).astype(output.dtype)
    if _is_distribution(output):
        return Objective(_projected_distribution, directions)
    # Outputs of different scales count alike.
    scale = float(np.sqrt((output.astype(np.float64) ** 2).mean())) or 1.0
    return Objective(_projected, directions / np.asarray(scale, output.dtype))


def _loss(output: np.ndarray, labels: np.ndarray, count: int) -> Objective:
    shape = (count, *output.shape[1:])
    many = output.shape[-1] > 1
    if many and np.issubdtype(labels.dtype, np.integer) and labels.size == np.prod(shape[:-1]):
        if labels.min() < 0 or labels.max() >= output.shape[-1]:
            raise InputError(f"class numbers go from 0 to {output.shape[-1] - 1}, not {labels.min()} to {labels.max()}")
        labels = np.eye(output.shape[-1])[labels.reshape(shape[:-1])]
    if labels.size != np.prod(shape):
        raise InputError(f"labels of shape {labels.shape} do not fit an output of shape {shape}: give one for each")
    targets = labels.reshape(shape).astype(output.dtype)
    if many and _is_distribution(targets):
        return Objective(_cross_entropy if _is_distribution(output) else _cross_entropy_of_scores, targets)
    if not many and set(np.unique(targets).tolist()) <= {0.0, 1.0} and output.min() >= 0 and output.max() <= 1:
        return Objective(_binary_cross_entropy, targets)
    return Objective(_squared_error, targets)


def _is_distribution(values: np.ndarray) -> bool:
    """Whether the values along the last axis are probabilities of which one comes true."""
    return values.shape[-1] > 1 and bool(values.min() >= 0) and bool(np.allclose(values.sum(axis=-1), 1, atol=1e-3))


def _projected(output: Any, direction: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(output * direction)


def _projected_distribution(output: Any, direction: Any) -> Any:
    import tensorflow as tf

    weight = tf.math.rsqrt(tf.stop_gradient(tf.maximum(output, _SMALLEST)))
    return tf.reduce_sum(output * direction * weight)


def _cross_entropy(output: Any, target: Any) -> Any:
    import tensorflow as tf

    return -tf.reduce_sum(target * tf.math.log(tf.maximum(output, _SMALLEST)))


def _cross_entropy_of_scores(output: Any, target: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(target, output))


def _binary_cross_entropy(output: Any, target: Any) -> Any:
    return _cross_entropy(output, target) + _cross_entropy(1 - output, 1 - target)


def _squared_error(output: Any, target: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum((output - target) ** 2) / 2
