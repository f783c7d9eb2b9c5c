"""Networks in which a known part is what int8 hurts; their functions are ordinary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.ranges.choice import Ranges, choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite

Feeds = dict[str, np.ndarray]
RangesOf = Callable[[bytes, list[Feeds]], Ranges]


@dataclass(frozen=True)
class Case:
    """A float .tflite with the ranges of its tensors and samples; `classes` says whether its output scores classes."""

    file: bytes
    ranges: Ranges
    samples: list[Feeds]
    classes: bool = False


@pytest.fixture(scope="session")
def ranges_of() -> RangesOf:
    """The absolute minimum and maximum of every tensor of a float file."""

    def found(file: bytes, samples: list[Feeds]) -> Ranges:
        return choose_ranges(observe(file, threads=1, stream=samples), "minmax", model=read_tflite(file))

    return found


def _spread(width: int) -> np.ndarray:
    """Scales of channels, from 1 to 1000."""
    return np.logspace(0, 3, width).astype(np.float32)


def _case(model: Any, export: Any, ranges_of: RangesOf, *, classes: bool = False) -> Case:
    rng = np.random.default_rng(5)
    opened, file = export(model)
    samples = [{spec.name: rng.normal(size=spec.shape).astype(np.float32) for spec in opened.inputs} for _ in range(24)]
    return Case(file, ranges_of(file, samples), samples, classes)


def _culprit(width: int) -> Any:
    """A dense layer whose channels spread a thousandfold, and their inverse at once behind its activation."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    inputs = keras.Input((16,), name="row")
    value = layers.Dense(width, activation="relu", name="before")(inputs)
    culprit = layers.Dense(width, activation="relu", name="culprit")
    value = layers.Rescaling((1 / _spread(width)).tolist(), name="inverse")(culprit(value))
    value = layers.Activation("tanh")(value)  # else the converter moves the inverse into the next weights
    value = layers.Dense(16, activation="relu", name="behind")(value)
    model = keras.Model(inputs, layers.Dense(6, name="value")(value))
    weights, bias = culprit.get_weights()
    culprit.set_weights([weights * _spread(width), bias])
    return model


@pytest.fixture(scope="session")
def culprit(export: Any, ranges_of: RangesOf) -> Case:
    """One unit, `culprit`, loses nearly everything to int8, and alone."""
    return _case(_culprit(32), export, ranges_of)


@pytest.fixture(scope="session")
def heavy(export: Any, ranges_of: RangesOf) -> Case:
    """The same with a culprit that is most of the network, so that float would be dear."""
    return _case(_culprit(384), export, ranges_of)


@pytest.fixture(scope="session")
def torn(export: Any, ranges_of: RangesOf) -> Case:
    """The tensor between two layers, `first` and `second`, is what int8 cannot hold."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    inputs = keras.Input((16,), name="row")
    first = layers.Dense(32, activation="relu", name="first")
    second = layers.Dense(32, activation="relu", name="second")
    value = second(first(layers.Dense(32, activation="relu", name="before")(inputs)))
    model = keras.Model(inputs, layers.Dense(6, name="value")(value))
    weights, bias = first.get_weights()
    first.set_weights([weights * _spread(32), bias])
    weights, bias = second.get_weights()
    second.set_weights([weights / _spread(32)[:, None], bias])
    return _case(model, export, ranges_of)


@pytest.fixture(scope="session")
def faint(export: Any, ranges_of: RangesOf) -> Case:
    """A classifier whose probabilities all lie within a step of int8 around 1/10."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    inputs = keras.Input((16,), name="row")
    value = layers.Dense(32, activation="relu", name="before")(inputs)
    scores = layers.Dense(10, activation="softmax", name="scores")
    model = keras.Model(inputs, scores(value))
    weights, bias = scores.get_weights()
    scores.set_weights([0.005 * weights, bias])
    return _case(model, export, ranges_of, classes=True)


@dataclass(frozen=True)
class Trained:
    """A float .tflite of a network that classifies scikit-learn's digits, samples to calibrate on, and others."""

    file: bytes
    ranges: Ranges
    samples: list[Feeds]
    others: list[Feeds]


@pytest.fixture(scope="session")
def digits(export: Any, ranges_of: RangesOf) -> Trained:
    """A small residual MobileNet that gives logits; its dense layer has no bias."""
    import keras
    from keras import layers
    from sklearn.datasets import load_digits

    keras.utils.set_random_seed(6)
    inputs = keras.Input((8, 8, 1), name="digit")
    value = layers.Conv2D(16, 3, padding="same", activation="relu6", name="stem")(inputs)
    other = layers.DepthwiseConv2D(3, padding="same", activation="relu6", name="depthwise")(value)
    value = layers.Add()([value, layers.Conv2D(16, 1, name="pointwise")(other)])
    value = layers.Conv2D(32, 3, strides=2, activation="relu", name="wide")(value)
    value = layers.GlobalAveragePooling2D()(value)
    model = keras.Model(inputs, layers.Dense(10, use_bias=False, name="logits")(value))
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1).astype(np.float32) / 16
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.learning_rate = 0.01
    model.fit(images[:1200], labels[:1200], epochs=8, batch_size=64, verbose=0)
    _, file = export(model)
    samples, others = ([{"digit": one[None]} for one in part] for part in (images[:48], images[1200:1400]))
    return Trained(file, ranges_of(file, samples), samples, others)
