"""`--preprocess auto` on networks that were really trained, each on inputs scaled another way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess, prepare
from PIL import Image

from edgecomp.data import Dataset, open_data, resolve_preprocess
from edgecomp.data.auto.batchnorm import batchnorm_distance
from edgecomp.errors import InputError
from edgecomp.models.opened import TensorSpec

keras = pytest.importorskip("keras")
sklearn_datasets = pytest.importorskip("sklearn.datasets")
layers = keras.layers

DIGIT = TensorSpec("digit", (1, 16, 16, 1))
CROP = TensorSpec("crop", (1, 24, 24, 3))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's handwritten digits at twice their size, uint8 [1797, 16, 16, 1], and their labels."""
    found = sklearn_datasets.load_digits()
    pixels = (found.images * (255 / 16)).astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2)
    return pixels[..., None], found.target


def crops(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops of scikit-learn's two photographs, uint8 [count, 24, 24, 3], and which of the two each is from."""
    photos = sklearn_datasets.load_sample_images().images
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    corners = rng.integers(0, (400 - 48, 600 - 48), (count, 2))
    found = [photos[k][y : y + 48 : 2, x : x + 48 : 2] for k, (y, x) in zip(labels, corners, strict=True)]
    return np.stack(found), labels


def convolutional(spec: TensorSpec, classes: int) -> Any:
    x = image = keras.Input(spec.shape[1:])
    x = layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(image, layers.Dense(classes, activation="softmax")(layers.Flatten()(x)))


def without_batchnorm(spec: TensorSpec, classes: int) -> Any:
    x = image = keras.Input(spec.shape[1:])
    x = layers.MaxPooling2D()(layers.Conv2D(12, 3, activation="relu")(x))
    return keras.Model(image, layers.Dense(classes, activation="softmax")(layers.Flatten()(x)))


def train(model: Any, spec: TensorSpec, preprocess: str, pixels: np.ndarray, labels: np.ndarray) -> Any:
    contract = build_contract(parse_preprocess(preprocess), [spec], [], images=True).inputs[0]
    inputs = np.concatenate([prepare(contract, one) for one in pixels])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(inputs, labels, batch_size=32, epochs=3, verbose=0)
    return model


@pytest.fixture(scope="module", params=["0..1", "-1..1"])
def digit_network(request: pytest.FixtureRequest) -> tuple[str, Any]:
    keras.utils.set_random_seed(1)
    pixels, labels = digits()
    return request.param, train(convolutional(DIGIT, 10), DIGIT, request.param, pixels[:1200], labels[:1200])


@pytest.fixture(scope="module", params=["imagenet-caffe", "imagenet-torch"])
def crop_network(request: pytest.FixtureRequest) -> tuple[str, Any]:
    keras.utils.set_random_seed(2)
    return request.param, train(convolutional(CROP, 2), CROP, request.param, *crops(900, 0))


def resolve(data: Dataset, spec: TensorSpec, model: Any, text: str = "auto") -> Any:
    return resolve_preprocess(text, opened_inputs=[spec], dataset=data, keras_model=model)


def held_out_digits(labelled: bool) -> Dataset:
    pixels, labels = digits()
    return open_data((pixels[1200:], labels[1200:]) if labelled else pixels[1200:], inputs=[DIGIT])


@pytest.mark.parametrize("labelled", [True, False])
def test_the_scaling_of_a_digit_network_is_found(digit_network: tuple[str, Any], labelled: bool) -> None:
    trained, model = digit_network
    found = resolve(held_out_digits(labelled), DIGIT, model)
    assert found.preprocess.name == trained
    figures = found.evidence["candidates"][trained]
    assert ("correct" in figures) == labelled
    assert trained in found.reason


@pytest.mark.parametrize("labelled", [True, False])
def test_the_scaling_of_a_photo_network_is_found(crop_network: tuple[str, Any], labelled: bool) -> None:
    trained, model = crop_network
    pixels, labels = crops(300, 9)
    data = open_data((pixels, labels) if labelled else pixels, inputs=[CROP])
    assert resolve(data, CROP, model).preprocess.name == trained


def test_an_exported_tflite_answers_the_labelled_samples_instead_of_keras(digit_network: tuple[str, Any]) -> None:
    import tensorflow as tf

    trained, model = digit_network
    exported = bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    found = resolve_preprocess("auto", opened_inputs=[DIGIT], dataset=held_out_digits(True), tflite=exported)
    assert found.preprocess.name == trained


def test_photos_in_files_give_the_same_answer_and_keep_their_options(
    digit_network: tuple[str, Any], tmp_path: Path
) -> None:
    trained, model = digit_network
    pixels, labels = digits()
    for index in range(1200, 1400):
        file = tmp_path / str(labels[index]) / f"{index}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels[index, :, :, 0]).save(file)
    found = resolve(open_data(tmp_path, inputs=[DIGIT]), DIGIT, model, "auto,fit=pad,resample=nearest")
    assert str(found.preprocess) == f"{trained},fit=pad,resample=nearest"


def test_wrong_labels_do_not_mislead(digit_network: tuple[str, Any]) -> None:
    trained, model = digit_network
    pixels, labels = digits()
    shuffled = np.random.default_rng(0).permutation(labels[1200:])
    found = resolve(open_data((pixels[1200:], shuffled), inputs=[DIGIT]), DIGIT, model)
    assert found.preprocess.name == trained, "the BatchNorm layers still say it"
    assert "BatchNorm" in found.reason


def test_thin_evidence_is_refused_with_what_was_tried() -> None:
    model = without_batchnorm(DIGIT, 10)
    with pytest.raises(InputError, match=r"no labels.*no trained BatchNorm.*one of none, 0\.\.1, -1\.\.1, or mean="):
        resolve(held_out_digits(False), DIGIT, model)
    with pytest.raises(InputError, match=r"little better than guessing.*one of none"):
        resolve(held_out_digits(True), DIGIT, model)


def test_a_subclassed_model_shows_nothing_and_can_still_be_tried() -> None:
    class Threshold(keras.Model):  # type: ignore[misc,name-defined]
        def call(self, x: Any, training: bool = False) -> Any:
            """Tells bright from dark pictures on the scale 0 to 1."""
            mean = keras.ops.mean(x, axis=(1, 2, 3))
            return keras.ops.stack([0.5 - mean, mean - 0.5], axis=1) * 20

    pixels = np.random.default_rng(0).integers(0, 200, (120, 16, 16, 1), np.uint8)
    pixels[::2] += 50
    labels = (pixels.mean(axis=(1, 2, 3)) > 127.5).astype(int)
    assert resolve(open_data((pixels, labels), inputs=[DIGIT]), DIGIT, Threshold()).preprocess.name == "0..1"
    with pytest.raises(InputError, match="no labels"):
        resolve(open_data(pixels, inputs=[DIGIT]), DIGIT, Threshold())


def test_a_network_that_was_never_trained_says_nothing() -> None:
    with pytest.raises(InputError, match="no trained BatchNorm"):
        resolve(held_out_digits(False), DIGIT, convolutional(DIGIT, 10))


def test_a_model_that_rescales_by_itself_gets_raw_pixels() -> None:
    model = keras.Sequential(
        [keras.Input((16, 16, 1)), layers.Rescaling(1 / 255, name="scale"), layers.Flatten(), layers.Dense(3)]
    )
    found = resolve(held_out_digits(False), DIGIT, model)
    assert found.preprocess.name == "none"
    assert "scale" in found.reason
    twice = resolve(held_out_digits(False), DIGIT, model, "0..1")
    assert twice.preprocess.name == "0..1"
    assert "scales it twice" in twice.warnings[0]


def test_numbers_that_are_no_pixels_are_taken_as_they_are() -> None:
    pixels = digits()[0]
    model = without_batchnorm(DIGIT, 10)
    for x in (pixels / 255, pixels / 127.5 - 1, pixels * (16 / 255)):
        found = resolve(open_data(x.astype(np.float32), inputs=[DIGIT]), DIGIT, model)
        assert found.preprocess.name == "none"
        assert "not pixels" in found.reason


def test_fractions_from_0_to_255_are_pixels() -> None:
    with pytest.raises(InputError, match="cannot tell"):
        resolve(open_data(digits()[0].astype(np.float32), inputs=[DIGIT]), DIGIT, without_batchnorm(DIGIT, 10))


def test_tables_are_taken_as_they_are() -> None:
    table = sklearn_datasets.load_wine()
    row = TensorSpec("row", (1, 13))
    model = keras.Sequential([keras.Input((13,)), layers.Dense(3)])
    assert resolve(open_data((table.data, table.target), inputs=[row]), row, model).preprocess.name == "none"


def test_samples_normalized_before_a_model_that_rescales_are_warned_of() -> None:
    model = keras.Sequential([keras.Input((16, 16, 1)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3)])
    found = resolve(open_data(digits()[0] / np.float32(255), inputs=[DIGIT]), DIGIT, model)
    assert "were they normalized before they were saved?" in found.warnings[0]


def test_an_evaluation_handed_in_decides() -> None:
    asked = []

    def evaluate(preprocess: Any, samples: Any) -> np.ndarray:
        asked.append((preprocess.name, samples[0].inputs["digit"].shape, samples[0].inputs["digit"].dtype))
        return np.full(len(samples), preprocess.name == "-1..1")

    found = resolve_preprocess("auto", opened_inputs=[DIGIT], dataset=held_out_digits(True), evaluate=evaluate)
    assert found.preprocess.name == "-1..1"
    assert asked == [(name, (16, 16, 1), np.uint8) for name in ("none", "0..1", "-1..1")]


def test_anything_else_than_auto_is_read_as_it_is() -> None:
    found = resolve(held_out_digits(False), DIGIT, None, "mean=33,std=78.5")
    assert found.preprocess.mean == (33.0,)
    with pytest.raises(InputError, match="'sometimes' is not one of"):
        resolve(held_out_digits(False), DIGIT, None, "sometimes")


def test_nested_networks_are_looked_into_for_batchnorm(digit_network: tuple[str, Any]) -> None:
    trained, inner = digit_network
    image = keras.Input(DIGIT.shape[1:])
    outer = keras.Model(image, inner(layers.RandomFlip()(image)))
    values = digits()[0][:64].astype(np.float32)
    assert batchnorm_distance(outer, [values]) == pytest.approx(batchnorm_distance(inner, [values]))
    assert resolve(held_out_digits(False), DIGIT, outer).preprocess.name == trained
