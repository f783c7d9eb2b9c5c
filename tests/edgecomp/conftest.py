"""Small models, as exported in this process and as files with data; made once for all rooms that work on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess
from PIL import Image

from edgecomp.export.graph import freeze
from edgecomp.export.tflite import convert_graph
from edgecomp.models import OpenedModel, from_keras
from edgecomp.tflite import with_signature
from edgecomp.worker import Worker

Feeds = dict[str, np.ndarray]
Export = Callable[..., tuple[OpenedModel, bytes]]
Run = Callable[[bytes, dict[str, np.ndarray]], dict[str, np.ndarray]]


@pytest.fixture(scope="session", autouse=True)
def nothing_remembered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Measurements of earlier runs are not there: what a test sees, this code has measured."""
    folder = tmp_path_factory.mktemp("remembered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgecomp.remembered.cache_folder", lambda: folder)
        yield


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


@dataclass(frozen=True)
class Case:
    """A model with its data: what `convert` needs."""

    model: Path
    data: Path
    evaluation: Path


CORNERS = ("bottom-left", "bottom-right", "top-left", "top-right")


@pytest.fixture(scope="session")
def shared_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    from edgecomp.pipeline.convert import WARM

    with Worker(log=tmp_path_factory.mktemp("worker") / "log.txt", warm=WARM) as worker:
        yield worker


def _corner_photos(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Dark noise with one bright corner: uint8 [count, 8, 8, 1], and which corner it is."""
    rng = np.random.default_rng(seed)
    photos = rng.integers(0, 90, (count, 8, 8, 1))
    labels = np.arange(count) % 4
    for photo, label in zip(photos, labels, strict=True):
        row, column = (0 if label >= 2 else 4), 4 * (label % 2)
        photo[row : row + 4, column : column + 4] += rng.integers(20, 160, (4, 4, 1))
    return photos.clip(0, 255).astype(np.uint8), labels


def _write_photos(folder: Path, photos: np.ndarray, labels: np.ndarray) -> Path:
    for index, (photo, label) in enumerate(zip(photos, labels, strict=True)):
        path = folder / CORNERS[label] / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo[..., 0]).save(path)
    return folder


@pytest.fixture(scope="session")
def corners(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A trained photo classifier as .keras, with folders of PNGs."""
    import keras
    from keras import layers

    folder = tmp_path_factory.mktemp("corners")
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1), name="photo")
    value = layers.Rescaling(1 / 255)(inputs)
    value = layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv")(value)
    value = layers.ReLU()(layers.BatchNormalization(name="norm")(value))
    value = layers.Flatten()(layers.AveragePooling2D(4)(value))
    model = keras.Model(inputs, layers.Dense(4, activation="softmax", name="corner")(value), name="corners")
    photos, labels = _corner_photos(200, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 0.02
    model.fit(photos.astype(np.float32), labels, epochs=12, batch_size=50, verbose=0)
    model.save(folder / "corners.keras")
    return Case(
        folder / "corners.keras",
        _write_photos(folder / "calibration", *_corner_photos(24, seed=1)),
        _write_photos(folder / "test", *_corner_photos(40, seed=2)),
    )


@pytest.fixture(scope="session")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A table whose answer hangs on a small column beside a huge one, so that int8 inputs lose it."""
    import keras
    from keras import layers

    folder = tmp_path_factory.mktemp("fragile")
    inputs = keras.Input((2,), name="row")
    layer = layers.Dense(2, activation="softmax", name="sign")
    model = keras.Model(inputs, layer(inputs), name="fragile")
    layer.set_weights([np.array([[0, 0], [-9, 9]], np.float32), np.zeros(2, np.float32)])
    model.save(folder / "fragile.keras")

    def rows(name: str, seed: int) -> Path:
        rng = np.random.default_rng(seed)
        x = np.stack([rng.uniform(-1000, 1000, 60), rng.uniform(-1, 1, 60)], axis=1).astype(np.float32)
        np.savez(folder / name, x=x, y=(x[:, 1] > 0).astype(np.int64))
        return folder / name

    return Case(folder / "fragile.keras", rows("calibration.npz", 0), rows("test.npz", 1))
