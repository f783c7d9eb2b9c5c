"""Small networks and pictures for the tests of training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.data import open_data, prepared
from edgecomp.models import from_keras
from edgecomp.train.examples import Examples, gather


def classifier(width: int = 8, *, classes: int = 4, activation: str | None = "softmax", seed: int = 0) -> Any:
    """A small convolutional network with BatchNorm and dropout, for pictures of 8 x 8 pixels."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 1), name="photo")
    value = layers.Conv2D(width, 3, padding="same", use_bias=False, name="conv")(inputs)
    value = layers.ReLU(name="stage")(layers.BatchNormalization(name="norm")(value))
    value = layers.Dropout(0.1)(layers.Flatten()(layers.MaxPooling2D(2, name="pool")(value)))
    return keras.Model(inputs, layers.Dense(classes, activation=activation, name="scores")(value), name="classifier")


def regressor(outputs: int = 2, *, seed: int = 0) -> Any:
    """A small dense network without an activation at its end, for rows of 6 numbers."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((6,), name="row")
    value = layers.Dense(16, activation="relu", name="hidden")(inputs)
    return keras.Model(inputs, layers.Dense(outputs, name="values")(value), name="regressor")


def corners(count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Dark noise with one bright corner: uint8 [count, 8, 8, 1], and which corner it is."""
    rng = np.random.default_rng(seed)
    photos = rng.integers(0, 120, (count, 8, 8, 1))
    labels = np.arange(count) % 4
    for photo, label in zip(photos, labels, strict=True):
        row, column = 4 * int(label // 2), 4 * int(label % 2)
        photo[row : row + 4, column : column + 4] += rng.integers(20, 130, (4, 4, 1))
    return photos.clip(0, 255).astype(np.uint8), labels


def examples_of(model: Any, data: Any, *, preprocess: str = "0..1", kind: str | None = None) -> Examples:
    """Examples for a model, as a run prepares them.

    Args:
        model: a Keras model.
        data: an array, or (x, y).
        preprocess: how raw values become input.
        kind: of the first output in the contract; None for what the tensors alone say.
    """
    opened = from_keras(model)
    dataset = open_data(data, inputs=opened.inputs)
    contract = build_contract(
        parse_preprocess(preprocess), opened.inputs, opened.outputs, images=dataset.kind == "images"
    )
    if kind is not None:
        first, *others = contract.outputs
        contract = replace(contract, outputs=(replace(first, kind=kind), *others))
    return gather(prepared(dataset, contract))


def accuracy(model: Any, photos: np.ndarray, labels: np.ndarray) -> float:
    """Share of right answers, on photos scaled to 0..1."""
    answers = np.argmax(model.predict_on_batch(photos.astype(np.float32) / 255), -1)
    return float((answers == labels).mean())
