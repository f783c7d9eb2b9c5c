"""Pruned and trained on the way: accuracy comes back, the same run gives the same file, a kill costs seconds."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.report.schema import validate_report

KILLED_CONVERSION = Path(__file__).with_name("killed_conversion.py")


@dataclass(frozen=True)
class Blobs:
    """Noisy pictures with a bright spot whose place is the class; learned in seconds, and not by guessing."""

    x: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, count: int, seed: int) -> Blobs:
        rng = np.random.default_rng(seed)
        labels = np.arange(count) % 16
        pictures = rng.normal(0, 1, (count, 8, 8, 1))
        for picture, label in zip(pictures, labels, strict=True):
            row, column = 2 * (label // 4), 2 * (label % 4)
            picture[row : row + 2, column : column + 2] += 2.5
        return cls(pictures.astype(np.float32), labels.astype(np.int64))


TRAIN, TEST = Blobs.of(960, 0), Blobs.of(320, 1)


@pytest.fixture(scope="module")
def trained() -> Any:
    """A network that knows the task."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    inputs = keras.Input((8, 8, 1), name="picture")
    value = inputs
    for channels, stride in ((16, 1), (32, 2), (32, 1)):
        value = layers.Conv2D(channels, 3, stride, "same", use_bias=False)(value)
        value = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(value))
    model = keras.Model(inputs, layers.Dense(16, activation="softmax")(layers.Flatten()(value)))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(TRAIN.x, TRAIN.y, epochs=6, verbose=0)
    return model


OPTIONS: dict[str, Any] = {
    "evaluation": (TEST.x, TEST.y),
    "preprocess": "none",
    "effort": "low",
    "prune": 0.7,
    "importance": "random",  # the worst there is, so that there is something to win back
}


def accuracy(result: Any) -> float:
    return float(result.report["compressed"]["metric"]["value"])


@pytest.mark.slow
def test_labels_win_the_accuracy_back_and_the_same_run_gives_the_same_file(
    trained: Any, quick: Callable[..., Any], tmp_path: Path
) -> None:
    before = [one.numpy().copy() for one in trained.weights]
    lost = quick(trained, data=TRAIN.x, out=tmp_path / "lost", **OPTIONS)
    learned = {"train": (TRAIN.x, TRAIN.y), "recover": "labels", "epochs": 4, "rounds": 2, "qat": True}
    won = quick(trained, out=tmp_path / "won", **OPTIONS, **learned)
    assert accuracy(won) > accuracy(lost) + 0.1
    assert won.report["drop_points"] < 5
    validate_report(won.report)
    assert [one["name"] for one in won.report["training"]] == ["round 1", "round 2", "quantization in place"]
    assert all(len(one["history"]) == one["history"][-1]["epoch"] + 1 for one in won.report["training"])
    assert won.report["pruning"]["rounds"] == 2
    assert won.report["compressed"]["macs"] <= 0.3 * won.report["float"]["macs"]
    assert not any("nothing was trained" in one for one in won.report["warnings"])
    assert not (tmp_path / "won.training").exists()
    np.testing.assert_equal([one.numpy() for one in trained.weights], before)
    again = quick(
        trained,
        out=tmp_path / "again",
        recipe=won.folder / "recipe.yaml",
        train=(TRAIN.x, TRAIN.y),
        evaluation=OPTIONS["evaluation"],
    )
    assert again.model.read_bytes() == won.model.read_bytes()


def test_without_labels_the_original_teaches(trained: Any, quick: Callable[..., Any], tmp_path: Path) -> None:
    lost = quick(trained, data=TRAIN.x, out=tmp_path / "lost", **OPTIONS)
    won = quick(trained, train=TRAIN.x, epochs=6, out=tmp_path / "won", **OPTIONS)
    assert accuracy(won) > accuracy(lost) + 0.1
    assert won.report["training"][0]["metric"] == "agreement"


def test_bad_samples_are_refused_before_anything_is_trained(
    trained: Any, quick: Callable[..., Any], tmp_path: Path
) -> None:
    wrong = TRAIN.y.copy()
    wrong[17] = 99
    for labels, said in ((wrong, "99"), (None, "label")):
        samples = TRAIN.x if labels is None else (TRAIN.x, labels)
        with pytest.raises(InputError, match=said):
            quick(trained, train=samples, recover="labels", out=tmp_path / "out", **OPTIONS)
    with pytest.raises(InputError, match="every evaluation sample is also a training sample"):
        quick(trained, data=TRAIN.x[:50], train=(TEST.x, TEST.y), out=tmp_path / "out", **OPTIONS)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_killed_conversion_goes_on_and_ends_with_the_same_file(trained: Any, tmp_path: Path) -> None:
    trained.save(tmp_path / "model.keras")
    np.savez(tmp_path / "train.npz", x=TRAIN.x, y=TRAIN.y)
    command = [sys.executable, str(KILLED_CONVERSION), str(tmp_path / "model.keras"), str(tmp_path / "train.npz")]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    killed = subprocess.run([*command, str(tmp_path / "killed"), "killed"], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    checkpoints = tmp_path / "killed.training"
    assert not (tmp_path / "killed").exists()
    assert list(checkpoints.glob("round-1*"))
    assert list(checkpoints.glob("round-2*"))
    subprocess.run([*command, str(tmp_path / "killed")], check=True, capture_output=True)
    assert (tmp_path / "killed/model.tflite").read_bytes() == (tmp_path / "whole/model.tflite").read_bytes()
    assert not checkpoints.exists()
