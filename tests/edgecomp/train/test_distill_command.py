"""`edgecomp distill`, from files to a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from edgecomp.cli.distill import command
from edgecomp.errors import InputError

from .networks import accuracy, classifier, corners


@pytest.fixture
def files(teacher: Any, tmp_path: Path) -> Path:
    teacher.save(tmp_path / "teacher.keras")
    classifier(seed=5).save(tmp_path / "student.keras")
    np.savez(tmp_path / "photos.npz", x=corners(700)[0])
    return tmp_path


@pytest.fixture
def distill(files: Path) -> Callable[..., Result]:
    def ran(*extra: str) -> Result:
        student, data, out = (str(files / name) for name in ("student.keras", "photos.npz", "trained.keras"))
        given = [str(files / "teacher.keras"), "--student", student, "--data", data, "--out", out]
        options = ["--preprocess", "0..1", "--epochs", "8", "--learning-rate", "0.01", "--batch-size", "32", *extra]
        return CliRunner().invoke(command, [*given, *options], catch_exceptions=True)

    return ran


def test_it_writes_a_student_that_answers_as_the_teacher_does(files: Path, distill: Callable[..., Result]) -> None:
    import keras

    before = (files / "student.keras").read_bytes()
    result = distill()
    assert result.exit_code == 0, result.exception
    assert "agreement: " in result.output
    assert "on 70 held-out samples" in result.output
    assert accuracy(keras.models.load_model(files / "trained.keras"), *corners(300, seed=9)) > 0.95
    assert (files / "student.keras").read_bytes() == before
    assert sorted(os.listdir(files)) == ["photos.npz", "student.keras", "teacher.keras", "trained.keras"]


def test_it_learns_from_a_folder_of_photos_and_its_classes(files: Path, distill: Callable[..., Result]) -> None:
    for number, (photo, label) in enumerate(zip(*corners(240), strict=True)):
        path = files / "photos" / f"corner {label}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo[..., 0]).save(path)
    result = distill("--data", str(files / "photos"))
    assert result.exit_code == 0, result.exception
    assert "accuracy: " in result.output


def test_features_are_matched_by_name_and_shape_or_it_says_that_none_fit(
    files: Path, distill: Callable[..., Result]
) -> None:
    result = distill("--match-features")
    assert isinstance(result.exception, InputError)
    assert "no features to match" in str(result.exception)
    classifier(12, seed=5).save(files / "student.keras")
    assert distill("--match-features", "--epochs", "1").exit_code == 0


def test_an_existing_file_is_kept_without_force(files: Path, distill: Callable[..., Result]) -> None:
    (files / "trained.keras").write_text("mine")
    result = distill()
    assert isinstance(result.exception, InputError)
    assert "pass --force" in str(result.exception)
    assert (files / "trained.keras").read_text() == "mine"


def test_a_disk_that_fills_up_leaves_no_half_file(
    files: Path, distill: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def full(self: Any, path: Path, *_: Any, **__: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", full)
    result = distill("--epochs", "1")
    assert isinstance(result.exception, InputError)
    assert "No space left" in str(result.exception)
    left = sorted(os.listdir(files))
    assert left == ["photos.npz", "student.keras", "teacher.keras", "trained.keras.checkpoint"]
    monkeypatch.undo()
    assert distill("--epochs", "1").exit_code == 0  # from the checkpoint, which has all of the training


def test_the_checkpoint_of_another_training_is_named_and_force_drops_it(
    files: Path, distill: Callable[..., Result]
) -> None:
    (files / "trained.keras.checkpoint").write_bytes(b"torn")
    result = distill("--epochs", "1")
    assert isinstance(result.exception, InputError)
    assert "trained.keras.checkpoint" in str(result.exception)
    assert distill("--epochs", "1", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (("--out", "model.h5"), "ends in .keras"),
        (("--data", "nowhere/"), "nowhere"),
        (("--student", "nowhere.keras"), "nowhere.keras"),
    ],
)
def test_arguments_that_cannot_be_used(distill: Callable[..., Result], extra: tuple[str, ...], message: str) -> None:
    result = distill(*extra)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
