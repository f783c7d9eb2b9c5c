"""Channels, then weights, then values: each asked for by an option, all of them in the file that comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.report.schema import validate_report
from edgecomp.tflite import read_tflite

from .test_trainer import TEST, TRAIN, accuracy, trained

__all__ = ["trained"]

OPTIONS: dict[str, Any] = {
    "evaluation": (TEST.x, TEST.y),
    "preprocess": "none",
    "effort": "low",
    "train": (TRAIN.x, TRAIN.y),
    "epochs": 6,
}


def _weights(file: bytes, at_least: int = 256) -> list[np.ndarray]:
    """The integers of all layers with so many weights."""
    tensors = read_tflite(file).main.tensors
    stored = [one.values() for one in tensors if one.is_constant and one.dtype == "int8"]
    return [one for one in stored if one.size >= at_least]


def _again(made: Any, model: Any, quick: Callable[..., Any], out: Path) -> Any:
    """By the recipe that the first run left."""
    options = {name: OPTIONS[name] for name in ("train", "evaluation")}
    return quick(model, out=out, recipe=made.folder / "recipe.yaml", **options)


@pytest.mark.slow
def test_channels_zeros_and_shared_values_all_end_in_the_file(
    trained: Any, quick: Callable[..., Any], tmp_path: Path
) -> None:
    asked = {"prune": 0.3, "importance": "l2", "sparsity": 0.6, "cluster": 8, "qat": True}
    made = quick(trained, out=tmp_path / "made", **OPTIONS, **asked)
    validate_report(made.report)
    weights = _weights(made.model.read_bytes())
    zeros = sum(int((one == 0).sum()) for one in weights) / sum(one.size for one in weights)
    assert zeros >= 0.59
    assert max(len(np.unique(one[one != 0])) for one in weights) <= 8
    assert made.report["compressed"]["macs"] <= 0.72 * made.report["float"]["macs"]
    assert made.report["weights"]["zeros"] == pytest.approx(zeros, abs=0.02)
    assert made.report["weights"]["transport_bytes"] < made.report["float"]["bytes"] / 8
    assert accuracy(made) > made.report["float"]["metric"]["value"] - 0.1
    assert _again(made, trained, quick, tmp_path / "again").model.read_bytes() == made.model.read_bytes()


@pytest.mark.slow
def test_bits_are_reached_without_naming_zeros_or_values(
    trained: Any, quick: Callable[..., Any], tmp_path: Path
) -> None:
    made = quick(trained, out=tmp_path / "made", **{**OPTIONS, "epochs": 12}, cluster="bits=1.5", qat=True)
    assert made.report["weights"]["bits_per_weight"] <= 1.5 * 1.1
    assert accuracy(made) > made.report["float"]["metric"]["value"] - 0.1
    assert _again(made, trained, quick, tmp_path / "again").model.read_bytes() == made.model.read_bytes()


@pytest.mark.slow
def test_no_more_bits_go_than_were_asked_for(trained: Any, quick: Callable[..., Any], tmp_path: Path) -> None:
    made = quick(trained, out=tmp_path / "made", **{**OPTIONS, "epochs": 2}, cluster="bits=5.5", qat=True)
    assert 5 < made.report["weights"]["bits_per_weight"] < 5.5 * 1.1


@pytest.mark.slow
def test_zeros_are_trained_into_the_file_without_shared_values(
    trained: Any, quick: Callable[..., Any], tmp_path: Path
) -> None:
    made = quick(trained, out=tmp_path / "made", **OPTIONS, sparsity="layer=0.5", sparsity_by="movement", qat=True)
    for one in _weights(made.model.read_bytes()):
        assert np.mean(one == 0) >= 0.49
        assert len(np.unique(one)) > 32


def test_zeros_of_float_training_stay_where_values_are_chosen_afterwards(
    trained: Any, quick: Callable[..., Any], tmp_path: Path
) -> None:
    made = quick(trained, out=tmp_path / "made", **OPTIONS, sparsity=0.6, cluster=16)
    weights = _weights(made.model.read_bytes())
    zeros = sum(int((one == 0).sum()) for one in weights) / sum(one.size for one in weights)
    assert zeros >= 0.59
    assert accuracy(made) > made.report["float"]["metric"]["value"] - 0.1


def test_a_codebook_of_groups_cannot_be_trained(trained: Any, quick: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--codebook"):
        quick(trained, out=tmp_path / "made", **OPTIONS, codebook="4x64", qat=True)
