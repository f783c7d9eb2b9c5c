"""Networks that are made in an instant."""

from __future__ import annotations

from typing import Any


def network(*, dead: int = 0) -> Any:
    """Convolutions with BatchNorms; `dead` channels of the second never open."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    inputs = keras.Input((12, 12, 3), name="image")
    value = layers.Conv2D(16, 3, padding="same", activation="relu", name="stem")(inputs)
    value = layers.Conv2D(32, 3, padding="same", use_bias=False, name="wide")(value)
    norm = layers.BatchNormalization(name="norm")
    value = layers.ReLU()(norm(value))
    value = layers.Conv2D(32, 1, activation="relu", name="point")(value)
    outputs = layers.Dense(5, name="scores")(layers.GlobalAveragePooling2D()(value))
    model = keras.Model(inputs, outputs)
    gamma, beta, mean, variance = norm.get_weights()
    gamma[:dead], beta[:dead] = 0, -1
    norm.set_weights([gamma, beta, mean, variance])
    return model
