"""Pruned on the way: the file for the device is smaller, the reference is still the model that was given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgecomp.cli.main import cli
from edgecomp.errors import InputError
from edgecomp.pipeline.inspect import inspect_file
from edgecomp.pipeline.recipes.passes import IMPORTANCES, MEASURED_IMPORTANCES
from edgecomp.pruning.importance import METHODS, NEED_DATA
from edgecomp.report.schema import validate_report
from edgecomp.tflite import read_tflite

RNG = np.random.default_rng(0)
SAMPLES = RNG.normal(size=(24, 12, 12, 3)).astype(np.float32)


def network(*, dead: int = 0) -> Any:
    """Convolutions with BatchNorms; `dead` channels of the second never open."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    inputs = keras.Input((12, 12, 3), name="image")
    value = layers.Conv2D(16, 3, padding="same", activation="relu", name="stem")(inputs)
    value = layers.Conv2D(32, 3, padding="same", use_bias=False, name="wide")(value)
    norm = layers.BatchNormalization(name="norm")
    value = layers.ReLU()(norm(value))
    value = layers.Conv2D(32, 1, activation="relu", name="point")(value)
    outputs = layers.Dense(5, name="scores")(layers.GlobalAveragePooling2D()(value))
    model = keras.Model(inputs, outputs)
    gamma, beta, mean, variance = norm.get_weights()
    gamma[:dead], beta[:dead] = 0, -1
    norm.set_weights([gamma, beta, mean, variance])
    return model


def widths(file: Path) -> list[int]:
    """Output channels of the convolutions, in order."""
    graph = read_tflite(file).main
    return [graph.tensors[one.outputs[0]].shape[-1] for one in graph.operators if one.name == "CONV_2D"]


def test_half_of_the_arithmetic_goes_and_the_reference_stays_whole(quick: Callable[..., Any], tmp_path: Path) -> None:
    model = network()
    result = quick(model, data=SAMPLES, preprocess="none", prune=0.5, out=tmp_path / "out")
    report = result.report
    validate_report(report)
    assert report["compressed"]["macs"] <= 0.5 * report["float"]["macs"]
    assert report["pruning"]["macs"]["after"] == report["compressed"]["macs"]
    assert report["pruning"]["removed_channels"] > 0
    assert any("nothing was trained afterwards" in one for one in report["warnings"])
    assert all(width % 8 == 0 for width in widths(result.model))
    assert widths(result.float_model) == [16, 32, 32]
    again = quick(model, data=SAMPLES, recipe=result.folder / "recipe.yaml", out=tmp_path / "again")
    assert again.model.read_bytes() == result.model.read_bytes()


def test_dead_channels_go_by_themselves_and_nothing_changes(quick: Callable[..., Any], tmp_path: Path) -> None:
    options = {"data": SAMPLES, "preprocess": "none"}
    result = quick(network(dead=12), **options, out=tmp_path / "out")
    assert result.report["pruning"]["dead_channels"] == 12
    assert widths(result.model) == [16, 20, 32]
    kept = quick(network(dead=12), **options, remove_dead=False, out=tmp_path / "kept")
    assert kept.report["pruning"] is None
    assert kept.report["compressed"]["macs"] == kept.report["float"]["macs"] > result.report["compressed"]["macs"]
    assert result.report["sqnr_db"] > kept.report["sqnr_db"] - 3


def test_channels_that_never_move_go_only_where_that_is_asked_for(quick: Callable[..., Any], tmp_path: Path) -> None:
    model = network()
    norm = model.get_layer("norm")
    gamma, beta, mean, variance = norm.get_weights()
    beta[:8] = -30  # far below what these samples reach, and within what others could
    norm.set_weights([gamma, beta, mean, variance])
    options = {"data": SAMPLES, "preprocess": "none"}
    kept = quick(model, **options, out=tmp_path / "kept")
    assert widths(kept.model) == [16, 32, 32]
    result = quick(model, **options, remove_silent=True, out=tmp_path / "out")
    assert widths(result.model)[1] <= 24
    assert result.report["pruning"]["silent_channels"] >= 8
    assert any("never moved on the calibration samples" in one for one in result.report["warnings"])
    validate_report(result.report)
    again = quick(model, data=SAMPLES, recipe=result.folder / "recipe.yaml", out=tmp_path / "again")
    assert again.model.read_bytes() == result.model.read_bytes()


def test_what_is_no_keras_model_cannot_be_pruned(quick: Callable[..., Any], export: Any, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(export(network())[1])
    with pytest.raises(InputError, match="only Keras models can be pruned"):
        quick(tmp_path / "model.tflite", data=SAMPLES, preprocess="none", prune=0.5, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_more_than_there_is_is_refused_with_what_there_is(quick: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\d"):
        quick(network(), data=SAMPLES, preprocess="none", prune=0.999, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_plan_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    network().save(tmp_path / "model.keras")
    options = ["convert", str(tmp_path / "model.keras"), "--target", "raspberry-pi-4b", "--plan"]
    shown = CliRunner().invoke(cli, [*options, "--prune", "params=0.4", "--importance", "l2"])
    assert shown.exit_code == 0, shown.output
    assert "wide" in shown.stdout
    assert "% of the parameters" in shown.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.keras"]
    with pytest.raises(InputError, match="say how much"):
        CliRunner().invoke(cli, options, catch_exceptions=False)
    with pytest.raises(InputError, match="add --data"):
        CliRunner().invoke(cli, [*options, "--prune", "0.4"], catch_exceptions=False)


def test_the_recipes_importances_are_those_that_there_are() -> None:
    assert set(IMPORTANCES) == set(METHODS)
    assert set(MEASURED_IMPORTANCES) == set(NEED_DATA)


def test_inspect_counts_dead_channels(tmp_path: Path) -> None:
    for dead in (0, 12):
        network(dead=dead).save(tmp_path / "model.keras")
        found = [one.what for one in inspect_file(tmp_path / "model.keras").findings if one.rule == "dead-channels"]
        assert bool(found) == bool(dead)
        assert not dead or "12 channels are constant for every input" in found[0]
