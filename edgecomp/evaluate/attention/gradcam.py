"""What a float Keras model looks at, told by its gradients.

Grad-CAM: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...models.safe_gradients import safe_gradients
from .grid import Grid

LEAST_SIDE = 2
"""Rows and columns that a layer's result needs to say where."""


def gradcam_maps(
    model: Any, samples: list[np.ndarray], classes: np.ndarray, grid: Grid, *, output: int = 0
) -> np.ndarray | None:
    """Where the last layer that still has rows and columns speaks for a class.

    Args:
        model: a `keras.Model` of one or several inputs.
        samples: of each input in the model's order, stacked, in its own units: float32 [n, …].
        classes: of each sample, int64 [n].
        grid: the cells of the answer.
        output: which of its outputs answers.

    Returns:
        float64 [n, rows, columns], each map's largest value 1 (0 throughout where nothing speaks for the class); None
        for a model without such a layer.
    """
    import keras
    import tensorflow as tf

    tensor = _last_with_places(model)
    if tensor is None:
        return None
    both = keras.Model(model.inputs, [tensor, keras.tree.flatten(model.outputs)[output]])
    given = [tf.convert_to_tensor(one) for one in samples]
    with safe_gradients(both), tf.GradientTape() as tape:
        for one in given:
            tape.watch(one)
        places, scores = both(given if len(given) > 1 else given[0], training=False)
        spoken = _for_class(scores, classes)
    gradient = tape.gradient(spoken, places)
    if gradient is None:
        return None
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    return _on_grid(np.asarray(tf.nn.relu(tf.reduce_sum(weights * places, axis=-1)), np.float64), grid)


def _last_with_places(model: Any) -> Any:
    """The last result of a layer that has rows, columns and channels; None where there is none."""
    if not getattr(model, "inputs", None):
        return None
    for layer in reversed(model.layers):
        try:
            tensor = layer.output
        except (AttributeError, ValueError):  # called several times, or never
            continue
        shape = getattr(tensor, "shape", ())
        if (
            len(shape) == 4
            and None not in shape[1:]
            and min(shape[1:3]) >= LEAST_SIDE
            and layer.name not in _inputs(model)
        ):
            return tensor
    return None


def _inputs(model: Any) -> frozenset[str]:
    return frozenset(one.name for one in model.layers if type(one).__name__ == "InputLayer")


def _for_class(scores: Any, classes: np.ndarray) -> Any:
    """What speaks for each sample's class; of a single column, a low score speaks for class 0."""
    import tensorflow as tf

    if scores.shape[-1] == 1:
        return scores[:, 0] * np.where(classes == 1, 1.0, -1.0).astype(np.float32)
    return tf.gather(scores, classes, axis=1, batch_dims=1)


def _on_grid(maps: np.ndarray, grid: Grid) -> np.ndarray:
    """Maps of a layer's size -> means by cell, each map's largest 1."""
    found = np.stack([_resized(one, grid.shape) for one in maps])
    largest = found.max(axis=(1, 2), keepdims=True)
    return np.asarray(found / np.where(largest > 0, largest, 1))


def _resized(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Brought to another size along each axis, by straight lines between the middles of cells."""
    for axis, size in enumerate(shape):
        have = values.shape[axis]
        at = (np.arange(size) + 0.5) * have / size - 0.5
        low = np.clip(np.floor(at).astype(int), 0, have - 1)
        high = np.clip(low + 1, 0, have - 1)
        share = np.clip(at - low, 0, 1).reshape([-1 if one == axis else 1 for one in range(2)])
        values = values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return values
