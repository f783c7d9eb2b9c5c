"""`edgecomp inspect --sensitivity`: the layers that int8 hurts, by their Keras names, the worst first."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import quantize

Run = Callable[..., Any]


@dataclass(frozen=True)
class Files:
    """A network with a culprit, in several formats, and samples for it."""

    keras: Path
    h5: Path
    tflite: Path
    data: Path


@pytest.fixture(scope="module")
def files(export: Any, tmp_path_factory: pytest.TempPathFactory) -> Files:
    import keras
    from keras import layers

    folder = tmp_path_factory.mktemp("sensitivity")
    keras.utils.set_random_seed(4)
    inputs = keras.Input((16,), name="row")
    spread = np.logspace(0, 3, 32).astype(np.float32)
    culprit = layers.Dense(32, activation="relu", name="the_culprit")
    value = culprit(layers.Dense(32, activation="relu", name="front")(inputs))
    value = layers.Activation("tanh", name="squash")(layers.Rescaling((1 / spread).tolist(), name="inverse")(value))
    model = keras.Model(inputs, layers.Dense(6, activation="softmax", name="scores")(value))
    weights, bias = culprit.get_weights()
    culprit.set_weights([weights * spread, bias])
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    _, file = export(model)
    (folder / "model.tflite").write_bytes(file)
    np.savez(folder / "rows.npz", x=np.random.default_rng(0).normal(size=(48, 16)).astype(np.float32))
    return Files(folder / "model.keras", folder / "model.h5", folder / "model.tflite", folder / "rows.npz")


def ranked(edgecomp: Run, *arguments: Any) -> dict[str, Any]:
    ended = edgecomp("inspect", *arguments, "--sensitivity", "--json")
    assert ended.code == 0, ended.stderr
    assert ended.stderr == ""
    content: dict[str, Any] = json.loads(ended.stdout)["sensitivity"]
    return content


@pytest.mark.parametrize("form", ["keras", "h5", "tflite"])
def test_the_culprit_comes_first_by_its_layers_name(files: Files, edgecomp: Run, form: str) -> None:
    found = ranked(edgecomp, getattr(files, form), "--data", files.data, "--preprocess", "none")
    names = [one["layer"] for one in found["layers"]]
    assert names[0] == "the_culprit"
    assert {"front", "scores"} <= set(names)
    worst = found["layers"][0]
    assert worst["op"] == "FULLY_CONNECTED+MUL+TANH"
    assert worst["alone"]["db"] < 10 < found["layers"][1]["alone"]["db"]
    assert worst["without"]["db"] == max(one["without"]["db"] for one in found["layers"])
    assert worst["without"]["db"] > found["everything"]["db"] + 10
    assert worst["alone"]["divergence_nats"] > found["layers"][1]["alone"]["divergence_nats"]
    assert found["edges"]["db"] > worst["alone"]["db"]
    assert found["held"] == 12


def test_fewer_samples_and_a_target_are_heeded(files: Files, edgecomp: Run) -> None:
    options = ("--data", files.data, "--preprocess", "none", "--samples", "16", "--target", "browser")
    found = ranked(edgecomp, files.tflite, *options)
    assert found["held"] == 4
    # A browser takes float inputs and outputs, so that nothing is lost at the edges.
    assert found["edges"]["error"] == 0


def test_a_table_for_people(files: Files, edgecomp: Run) -> None:
    ended = edgecomp("inspect", files.tflite, "--sensitivity", "--data", files.data, "--preprocess", "none")
    assert ended.code == 0, ended.stderr
    lines = ended.stdout.splitlines()
    header = next(index for index, line in enumerate(lines) if line.lstrip().startswith("layer"))
    assert lines[header].split() == ["layer", "operators", "alone", "agreement", "KL", "without"]
    assert lines[header + 1].split()[0] == "the_culprit"
    assert "int8 throughout: " in ended.stdout
    assert "only this layer is int8" in ended.stdout
    assert "preprocessing: none" in ended.stdout


def quantized(files: Files, folder: Path) -> Path:
    path = folder / "dynamic.tflite"
    path.write_bytes(quantize(files.tflite.read_bytes(), scheme="dynamic", io="float"))
    return path


def test_bad_input_is_told_in_a_sentence(files: Files, edgecomp: Run, tmp_path: Path) -> None:
    good = ("--data", files.data, "--preprocess", "none")
    for arguments, words in (
        ((files.tflite, "--sensitivity"), "give some with --data"),
        ((files.tflite, "--data", files.data), "only --sensitivity"),
        ((quantized(files, tmp_path), "--sensitivity", *good), "already quantized"),
        ((tmp_path / "gone.keras", "--sensitivity", *good), "gone.keras"),
        ((files.tflite, "--sensitivity", "--data", tmp_path / "gone.npz"), "gone.npz"),
        ((files.tflite, "--sensitivity", "--data", files.data, "--preprocess", "sideways"), "sideways"),
        ((files.tflite, "--sensitivity", *good, "--target", "nowhere"), "nowhere"),
        ((files.tflite, "--sensitivity", *good, "--samples", "0"), "--samples"),
    ):
        ended = edgecomp("inspect", *arguments)
        assert ended.code == 2, (arguments, ended)
        assert words in ended.stderr
        assert ended.stderr.count("\n") == 1
        assert ended.stdout == ""


def test_a_bundle_is_quantized_already(corners: Any, edgecomp: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = edgecomp(
        *("convert", corners.model, "--target", "raspberry-pi-4b", "--data", corners.data, "--out", out),
        *("--effort", "low"),
    )
    assert ended.code == 0, ended.stderr
    ended = edgecomp("inspect", out / "bundle.zip", "--sensitivity", "--data", corners.data)
    assert ended.code == 2
    assert "is a bundle" in ended.stderr
