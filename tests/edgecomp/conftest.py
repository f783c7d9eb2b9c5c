"""Exporting Keras models in this process, running what comes out, and a few small networks made that way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.export.graph import freeze
from edgecomp.export.tflite import convert_graph
from edgecomp.models import OpenedModel, from_keras
from edgecomp.tflite import with_signature

Feeds = dict[str, np.ndarray]
Export = Callable[..., tuple[OpenedModel, bytes]]
Run = Callable[[bytes, dict[str, np.ndarray]], dict[str, np.ndarray]]


@pytest.fixture(scope="session")
def export() -> Export:
    """Gives what was opened, and the float .tflite with a signature of the model's own names."""

    def made(keras_model: Any, **options: Any) -> tuple[OpenedModel, bytes]:
        opened = from_keras(keras_model, **options)
        file = convert_graph(freeze(opened))
        inputs, outputs = ([spec.name for spec in specs] for specs in (opened.inputs, opened.outputs))
        return opened, with_signature(file, inputs, outputs)

    return made


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a .tflite by the names of its signature."""
    from ai_edge_litert.interpreter import Interpreter

    def ran(file: bytes, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(Interpreter(model_content=file).get_signature_runner("serving_default")(**feeds))

    return ran


@dataclass(frozen=True)
class Network:
    """A float .tflite, what its tensors mean, and samples for it."""

    file: bytes
    contract: Contract
    samples: list[Feeds]


def _conv() -> Any:
    """A residual network of the usual parts, ending in probabilities."""
    import keras
    from keras import layers

    inputs = keras.Input((16, 16, 3), name="photo")
    value = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="stem")(inputs)
    other = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise")(value)
    other = layers.Conv2D(16, 1, name="pointwise")(other)
    value = layers.GlobalAveragePooling2D()(layers.Add()([value, other]))
    return keras.Model(inputs, layers.Dense(5, activation="softmax", name="scores")(value))


def _dense() -> Any:
    import keras
    from keras import layers

    inputs = keras.Input((12,), name="row")
    value = layers.Dense(24, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(3, name="value")(layers.Dense(16, activation="tanh")(value)))


def _two_inputs() -> Any:
    import keras
    from keras import layers

    photo, row = keras.Input((8, 8, 2), name="photo"), keras.Input((4,), name="row")
    value = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(photo))
    joined = layers.Concatenate()([layers.Dense(8, activation="relu")(value), layers.Dense(8)(row)])
    return keras.Model([photo, row], [layers.Dense(3, name="one")(joined), layers.Dense(2, name="two")(joined)])


def _upsampling() -> Any:
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 3), name="photo")
    value = layers.MaxPooling2D(2)(layers.Conv2D(8, 3, padding="same", activation="relu6")(inputs))
    value = layers.Conv2DTranspose(8, 2, strides=2, activation="relu")(value)
    return keras.Model(inputs, layers.Conv2D(2, 1, name="mask")(layers.Concatenate()([value, inputs])))


def _recurrent() -> Any:
    import keras
    from keras import layers

    inputs = keras.Input((6, 4), name="series")
    return keras.Model(inputs, layers.Dense(3, name="scores")(layers.LSTM(8)(layers.Dense(8)(inputs))))


_BUILD = {"conv": _conv, "dense": _dense, "two inputs": _two_inputs, "upsampling": _upsampling, "recurrent": _recurrent}


@pytest.fixture(scope="session")
def network(export: Any) -> Callable[[str], Network]:
    """A network by its name; made once."""
    made: dict[str, Network] = {}

    def get(name: str) -> Network:
        if name not in made:
            import keras

            keras.utils.set_random_seed(3)
            opened, file = export(_BUILD[name]())
            contract = build_contract(parse_preprocess("none"), opened.inputs, opened.outputs, images=False)
            rng = np.random.default_rng(8)
            samples = [
                {spec.name: rng.normal(0.3, 1, spec.shape).astype(np.float32) for spec in opened.inputs}
                for _ in range(40)
            ]
            made[name] = Network(file, contract, samples)
        return made[name]

    return get
