"""Networks that training has to win back after half of their arithmetic is gone, trained here from nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Photos:
    """Small photos of ten classes.

    Args:
        x_train: uint8 [n, height, width, channels].
        y_train: int64 [n].
        x_test: likewise; nothing is trained or chosen on them.
        y_test: likewise.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @classmethod
    def read(cls, path: Path) -> Photos:
        """An .npz that has these four arrays; grey photos may lack their channel."""
        with np.load(path) as stored:
            photos = [stored[name] for name in ("x_train", "x_test")]
            labels = [stored[name].astype(np.int64) for name in ("y_train", "y_test")]
        photos = [one[..., None] if one.ndim == 3 else one for one in photos]
        return cls(photos[0], labels[0], photos[1], labels[1])


def residual(shape: tuple[int, int, int]) -> Any:
    """ResNet-8 of MLPerf Tiny: three blocks of 16, 32 and 64 channels, about 78,000 parameters."""
    import keras
    from keras import layers

    def convolution(value: Any, channels: int, size: int, stride: int) -> Any:
        regularizer = keras.regularizers.l2(1e-4)
        made = layers.Conv2D(channels, size, stride, "same", use_bias=False, kernel_regularizer=regularizer)(value)
        return layers.BatchNormalization()(made)

    inputs = keras.Input(shape, name="photo")
    value = layers.ReLU()(convolution(inputs, 16, 3, 1))
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        branch = layers.ReLU()(convolution(value, channels, 3, stride))
        branch = convolution(branch, channels, 3, 1)
        short = value if stride == 1 else convolution(value, channels, 1, stride)
        value = layers.ReLU()(layers.Add()([branch, short]))
    value = layers.GlobalAveragePooling2D()(value)
    return keras.Model(inputs, layers.Dense(10, activation="softmax", name="classes")(value), name="residual")


def mobile(shape: tuple[int, int, int]) -> Any:
    """Inverted residuals as in MobileNetV2, for small photos: about 100,000 parameters."""
    import keras
    from keras import layers

    def normalized(value: Any, *, active: bool = True) -> Any:
        value = layers.BatchNormalization()(value)
        return layers.ReLU(6.0)(value) if active else value

    inputs = keras.Input(shape, name="photo")
    value = normalized(layers.Conv2D(16, 3, padding="same", use_bias=False)(inputs))
    for channels, expansion, stride, repeats in ((16, 1, 1, 1), (24, 3, 2, 2), (40, 4, 2, 2), (64, 4, 1, 2)):
        for place in range(repeats):
            width = expansion * value.shape[-1]
            branch = normalized(layers.Conv2D(width, 1, use_bias=False)(value)) if expansion > 1 else value
            strides = stride if place == 0 else 1
            branch = normalized(layers.DepthwiseConv2D(3, strides, "same", use_bias=False)(branch))
            branch = normalized(layers.Conv2D(channels, 1, use_bias=False)(branch), active=False)
            value = layers.Add()([value, branch]) if branch.shape == value.shape else branch
    value = normalized(layers.Conv2D(160, 1, use_bias=False)(value))
    value = layers.GlobalAveragePooling2D()(value)
    return keras.Model(inputs, layers.Dense(10, activation="softmax", name="classes")(value), name="mobile")


NETWORKS: dict[str, Callable[[tuple[int, int, int]], Any]] = {"residual": residual, "mobile": mobile}


def train_from_nothing(model: Any, photos: Photos, *, epochs: int, flip: bool, seed: int = 0) -> None:
    """Trains on photos scaled to 0..1, shifted by up to an eighth, with a cosine schedule.

    Args:
        model: its weights change.
        photos: of which the test part is left alone.
        epochs: passes over the photos.
        flip: whether photos are mirrored half of the time.
        seed: of the order and the shifts.
    """
    import keras
    import tensorflow as tf

    batch = 64
    steps = math.ceil(len(photos.x_train) / batch)
    height, width, channels = photos.x_train.shape[1:]
    edge = height // 8

    def augment(photo: Any, label: Any) -> tuple[Any, Any]:
        photo = tf.cast(photo, tf.float32) / 255.0
        photo = tf.pad(photo, [[edge, edge], [edge, edge], [0, 0]], "SYMMETRIC")
        photo = tf.image.random_crop(photo, (height, width, channels))
        return (tf.image.random_flip_left_right(photo) if flip else photo), label

    keras.utils.set_random_seed(seed)
    data = tf.data.Dataset.from_tensor_slices((photos.x_train, photos.y_train)).shuffle(len(photos.x_train), seed=seed)
    data = data.map(augment, num_parallel_calls=2).batch(batch).prefetch(4)
    schedule = keras.optimizers.schedules.CosineDecay(0.0, epochs * steps, warmup_target=4e-3, warmup_steps=steps)
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=1e-4), "sparse_categorical_crossentropy")
    model.fit(data, epochs=epochs, verbose=2)
