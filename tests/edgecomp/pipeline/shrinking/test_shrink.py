"""Pruned on the way: the file for the device is smaller, the reference is still the model that was given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.pipeline.recipes.passes import IMPORTANCES, MEASURED_IMPORTANCES
from edgecomp.pruning.importance import METHODS, NEED_DATA
from edgecomp.report.schema import validate_report
from edgecomp.tflite import read_tflite

from ..networks import network

RNG = np.random.default_rng(0)
SAMPLES = RNG.normal(size=(24, 12, 12, 3)).astype(np.float32)


def widths(file: Path) -> list[int]:
    """Output channels of the convolutions, in order."""
    graph = read_tflite(file).main
    return [graph.tensors[one.outputs[0]].shape[-1] for one in graph.operators if one.name == "CONV_2D"]


def test_half_of_the_arithmetic_goes_and_the_reference_stays_whole(quick: Callable[..., Any], tmp_path: Path) -> None:
    model = network()
    result = quick(model, data=SAMPLES, preprocess="none", prune=0.5, effort="low", out=tmp_path / "out")
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
    options = {"data": SAMPLES, "preprocess": "none", "effort": "low"}
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


def test_the_recipes_importances_are_those_that_there_are() -> None:
    assert set(IMPORTANCES) == set(METHODS)
    assert set(MEASURED_IMPORTANCES) == set(NEED_DATA)
