"""Lower ranks on the way: the INT8 file has the factors, accuracy comes back, and a recipe gives the same file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgecomp.cli.main import cli
from edgecomp.errors import InputError
from edgecomp.report.schema import validate_report
from edgecomp.tflite import read_tflite

RNG = np.random.default_rng(0)
SPOTS = RNG.normal(0, 1, (480, 8, 8, 1)).astype(np.float32)
PLACES = (np.arange(480) % 16).astype(np.int64)
for spot, place in zip(SPOTS, PLACES, strict=True):
    spot[2 * (place // 4) : 2 * (place // 4) + 2, 2 * (place % 4) : 2 * (place % 4) + 2] += 2.5
TRAIN, TEST = (SPOTS[:320], PLACES[:320]), (SPOTS[320:], PLACES[320:])
OPTIONS: dict[str, Any] = {"evaluation": TEST, "preprocess": "none", "effort": "low"}


@pytest.fixture(scope="module")
def trained() -> Any:
    """A network that knows where the spot is, wider than it need be."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    inputs = keras.Input((8, 8, 1), name="picture")
    value = inputs
    for place, (channels, stride) in enumerate(((16, 1), (64, 2), (64, 1))):
        value = layers.Conv2D(channels, 3, stride, "same", use_bias=False, name=f"conv{place}")(value)
        value = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(value))
    model = keras.Model(inputs, layers.Dense(16, activation="softmax", name="scores")(layers.Flatten()(value)))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(*TRAIN, epochs=6, verbose=0)
    return model


def accuracy(result: Any) -> float:
    return float(result.report["compressed"]["metric"]["value"])


def test_the_int8_file_has_the_factors_and_the_recipe_makes_it_again(
    trained: Any, quick: Callable[..., Any], tmp_path: Path
) -> None:
    made = quick(trained, data=TRAIN[0], low_rank="params=0.5", out=tmp_path / "made", **OPTIONS)
    report = made.report
    validate_report(report)
    assert report["low_rank"]["params"]["after"] <= 0.5 * report["low_rank"]["params"]["before"]
    assert report["low_rank"]["macs"]["after"] == report["compressed"]["macs"] < report["float"]["macs"]
    assert report["low_rank"]["params"]["before"] == report["source"]["params"]
    written = {one["name"] for one in report["low_rank"]["layers"]}
    assert written & {"conv1", "conv2"}
    named = {one["name"] for one in report["layers"]}
    assert written <= named
    assert any(name.startswith(f"{next(iter(written))}_") for name in named)
    assert any("written with a lower rank and nothing was trained" in one for one in report["warnings"])
    widths = [one.shape[-1] for one in read_tflite(made.model.read_bytes()).main.tensors if len(one.shape) == 4]
    assert all(width % 8 == 0 for width in widths if width > 1)
    again = quick(trained, data=TRAIN[0], evaluation=TEST, recipe=made.folder / "recipe.yaml", out=tmp_path / "again")
    assert again.model.read_bytes() == made.model.read_bytes()


def test_it_composes_with_pruning_and_distillation(trained: Any, quick: Callable[..., Any], tmp_path: Path) -> None:
    small = {"prune": 0.3, "importance": "l2", "low_rank": 0.5, **OPTIONS}
    won = quick(trained, train=TRAIN, epochs=2, out=tmp_path / "won", **small)
    validate_report(won.report)
    assert [one["name"] for one in won.report["training"]] == ["round 1", "round 2"]
    pruned, written = won.report["pruning"]["macs"], won.report["low_rank"]["macs"]
    assert pruned["after"] == written["before"]
    assert written["after"] <= 0.5 * written["before"]
    assert won.report["training"][1]["macs"] == written["after"]
    assert won.report["drop_points"] < 10
    assert not any("nothing was trained" in one for one in won.report["warnings"])


@pytest.mark.slow
def test_training_in_integers_comes_after_it(trained: Any, quick: Callable[..., Any], tmp_path: Path) -> None:
    small = {"low_rank": 0.6, **OPTIONS}
    lost = quick(trained, data=TRAIN[0], out=tmp_path / "lost", **small)
    won = quick(trained, train=TRAIN, epochs=4, qat=True, out=tmp_path / "won", **small)
    assert [one["name"] for one in won.report["training"]] == ["round 1", "quantization in place"]
    assert won.report["compressed"]["macs"] == lost.report["compressed"]["macs"]
    assert accuracy(won) >= accuracy(lost) - 0.01


def test_the_plan_is_shown_for_both_passes(trained: Any, tmp_path: Path) -> None:
    trained.save(tmp_path / "model.keras")
    options = ["convert", str(tmp_path / "model.keras"), "--target", "raspberry-pi-4b", "--plan", "--low-rank", "0.4"]
    shown = CliRunner().invoke(cli, [*options, "--prune", "0.3", "--importance", "l2"])
    assert shown.exit_code == 0, shown.output
    assert "channels go" in shown.stdout
    assert "fitted to weights" in shown.stdout
    assert "the network" in shown.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.keras"]


def test_what_is_no_keras_model_is_refused(quick: Callable[..., Any], network: Any, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(network("conv").file)
    with pytest.raises(InputError, match="only Keras models can be written as layers of low rank"):
        quick(tmp_path / "model.tflite", data=np.zeros((4, 16, 16, 3)), low_rank=0.3, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
