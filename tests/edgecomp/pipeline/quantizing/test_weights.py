"""A conversion that asks for zeros or shared values ships a file that has them, says so, and can be repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgecomp
from edgecomp.errors import InputError
from edgecomp.pipeline.options.conversion import RecipeOptions
from edgecomp.pipeline.quantizing.weights import wish_of
from edgecomp.pipeline.recipes.plan import make_plan
from edgecomp.tflite import TfliteModel, read_tflite
from edgecomp.transport import encode

RNG = np.random.default_rng(0)
PHOTOS = RNG.integers(0, 256, (64, 16, 16, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def network() -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 3), name="photo")
    value = layers.Conv2D(16, 3, strides=2, activation="relu", name="stem")(inputs)
    value = layers.Conv2D(24, 3, activation="relu", name="wide")(value)
    value = layers.GlobalAveragePooling2D()(value)
    return keras.Model(inputs, layers.Dense(5, activation="softmax", name="scores")(value))


def converted(network: Any, out: Path, **options: Any) -> Any:
    common: dict[str, Any] = {"target": "raspberry-pi-4b", "data": PHOTOS, "preprocess": "0..1", "effort": "low"}
    return edgecomp.convert(network, out=out, **{**common, **options})


def weights(model: TfliteModel) -> list[np.ndarray]:
    operators = [one for one in model.main.operators if one.name in ("CONV_2D", "FULLY_CONNECTED")]
    return [model.main.tensors[one.inputs[1]].values() for one in operators]


def test_zeros_and_values_are_in_the_file_and_in_the_report(network: Any, tmp_path: Path) -> None:
    made = converted(network, tmp_path / "out", sparsity=0.5, cluster=8)
    values = weights(read_tflite(made.model.read_bytes()))
    assert all(len(np.unique(one)) <= 8 for one in values)
    zeros = np.mean(np.concatenate([one.ravel() for one in values]) == 0)
    assert zeros == pytest.approx(0.5, abs=0.05)
    report = made.report["weights"]
    assert report["zeros"] == pytest.approx(zeros)
    assert report["transport_bytes"] == len(encode(made.model.read_bytes()))
    assert [one["values"] for one in report["layers"]] == [len(np.unique(one)) for one in values]
    assert {step["name"] for step in made.report["steps"]} >= {"survey", "weights"}


@pytest.mark.slow
def test_bits_are_as_asked_for_and_a_recipe_repeats_them(network: Any, tmp_path: Path) -> None:
    made = converted(network, tmp_path / "out", cluster="bits=3")
    assert made.report["weights"]["bits_per_weight"] == pytest.approx(3, abs=0.1)
    assert made.recipe.cluster is not None
    assert made.recipe.cluster.price == made.report["weights"]["price"]
    again = converted(network, tmp_path / "again", target=None, effort=None, recipe=tmp_path / "out" / "recipe.yaml")
    assert again.model.read_bytes() == made.model.read_bytes()
    assert len(again.report["weights"]["tried"]) == 1


@pytest.mark.slow
def test_as_few_bits_as_allowed_are_fewer_than_int8_has(network: Any, tmp_path: Path) -> None:
    made = converted(network, tmp_path / "out", cluster="auto")
    assert made.report["weights"]["bits_per_weight"] < 6
    assert made.report["weights"]["transport_bytes"] < 0.8 * len(encode(_plain(network, tmp_path)))


def _plain(network: Any, folder: Path) -> bytes:
    made = converted(network, folder / "plain")
    assert made.report["weights"] is None
    return bytes(made.model.read_bytes())


def test_too_few_samples_are_refused(network: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="calibration samples"):
        converted(network, tmp_path / "out", data=PHOTOS[:6], cluster=8)
    assert not (tmp_path / "out").exists()


def test_a_network_without_weights_to_choose_is_refused(tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((16, 16, 3), name="photo")
    model = keras.Model(inputs, keras.layers.MaxPooling2D()(inputs))
    with pytest.raises(InputError, match="no convolution or dense layer"):
        converted(model, tmp_path / "out", cluster=8)


def test_zeros_that_training_made_are_the_ones_that_stay() -> None:
    """And no others: training leaves layers out that this step would not."""
    options = RecipeOptions(target="raspberry-pi-4b", sparsity=0.8, train="photos", sparsity_by="movement")
    zeros = wish_of(make_plan(options).recipe, 0.0).zeros
    assert zeros is not None
    assert (zeros.scope, zeros.by) == ("below", "magnitude")
    assert zeros.amount is not None
    assert 0 < zeros.amount < 1e-20
