"""Small networks of layers in a row, for killing channels in."""

from __future__ import annotations

from typing import Any

from killing import randomized

SIZE = 12


def chain(*layers: Any, shape: tuple[int, ...] = (SIZE, SIZE, 3)) -> Any:
    """A functional network of layers in a row, with random weights."""
    import keras

    inputs = value = keras.Input(shape, name="photo")
    for layer in layers:
        value = layer(value)
    return randomized(keras.Model(inputs, value))


def conv(name: str, filters: int, size: int = 3, **options: Any) -> Any:
    """A convolution that pads like most do."""
    from keras import layers

    return layers.Conv2D(filters, size, **{"padding": "same", **options}, name=name)


def head() -> list[Any]:
    """Global pooling and a small classifier."""
    from keras import layers

    return [layers.GlobalAveragePooling2D(), layers.Dense(3, name="answer")]
