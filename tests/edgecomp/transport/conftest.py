"""Real .tflite files of every scheme, as TensorFlow and litert-quantizer write them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Files:
    """The same network in four schemes."""

    float32: bytes
    float16: bytes
    dynamic: bytes
    int8: bytes


@pytest.fixture(scope="session")
def transport_files() -> Files:
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(1)
    image = keras.Input(batch_shape=(1, 16, 16, 3), name="image")
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="stem")(image)
    left = layers.DepthwiseConv2D(3, padding="same", name="left_depthwise")(x)
    left = layers.Conv2D(32, 1, activation="relu", name="left_1")(left)
    x = layers.Conv2D(48, 3, name="wide")(layers.Add(name="join")([x, left]))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(image, layers.Dense(5, name="scores")(x), name="net")

    def converted(**options: Any) -> bytes:
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        for name, value in options.items():
            setattr(converter, name, value)
        return bytes(converter.convert())

    rng = np.random.default_rng(1)
    samples = [[rng.random((1, 16, 16, 3), np.float32)] for _ in range(4)]
    default = [tf.lite.Optimize.DEFAULT]
    return Files(
        float32=converted(),
        float16=converted(optimizations=default, target_spec=tf.lite.TargetSpec(supported_types=[tf.float16])),
        dynamic=converted(optimizations=default),
        int8=converted(
            optimizations=default,
            representative_dataset=lambda: iter(samples),
            target_spec=tf.lite.TargetSpec(supported_ops=[tf.lite.OpsSet.TFLITE_BUILTINS_INT8]),
        ),
    )


@pytest.fixture(scope="session")
def transport_quantizer_file(transport_files: Files, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file as litert-quantizer writes it, with its buffers behind the flatbuffer."""
    from litert_quantizer import quantizer, recipe

    path: Path = tmp_path_factory.mktemp("quantizer") / "float.tflite"
    path.write_bytes(transport_files.float32)
    return bytes(quantizer.Quantizer(str(path), recipe.dynamic_wi8_afp32()).quantize().quantized_model)
