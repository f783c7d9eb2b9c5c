"""Building blocks that random networks of every kind are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = Callable[[Any, int, int], Any]


def activated(value: Any, option: int) -> Any:
    import keras
    from keras import layers, ops

    choices: tuple[Callable[[Any], Any], ...] = (
        layers.ReLU(6.0),
        layers.LeakyReLU(),
        layers.PReLU(shared_axes=list(range(1, len(value.shape) - 1)) or None),
        layers.PReLU(),
        layers.Activation("hard_silu"),
        lambda one: one * ops.sigmoid(one),
        lambda one: ops.maximum(one, one * 0.1),
        keras.activations.gelu,
    )
    return choices[option](value)


def normalized(value: Any, width: int, option: int) -> Any:
    from keras import layers

    choices = (
        layers.BatchNormalization(),
        layers.BatchNormalization(scale=False),
        layers.LayerNormalization(),
        layers.GroupNormalization(groups=-1),
        layers.GroupNormalization(groups=value.shape[-1]),
        layers.BatchNormalization(center=False),
        layers.GroupNormalization(groups=1),
        layers.UnitNormalization(),
    )
    return choices[option](value)


def dense(value: Any, width: int, option: int) -> Any:
    from keras import layers

    return layers.Dense(width, activation=("relu", "tanh", None, "softmax")[option % 4])(value)


def classes(value: Any, width: int, option: int) -> Any:
    from keras import layers

    hidden = layers.Dense(width, activation="relu")(value) if option > 3 else value
    return layers.Dense(3, activation=("softmax", None)[option % 2])(layers.Dropout(0.2)(hidden))
