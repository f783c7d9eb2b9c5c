"""Accuracy and agreement on the device are what the workstation counts, sample by sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import InputError, Model
from edgecomp_runtime.evaluate.labelled import labelled_samples
from edgecomp_runtime.evaluate.run import Evaluation, evaluate
from edgecomp_runtime.inputs import PHOTO_SUFFIXES
from edgecomp_runtime.preprocess import prepare
from PIL import Image

from edgecomp.data.folder import SUFFIXES, list_folder
from edgecomp.evaluate.run import evaluate as evaluate_on_the_workstation

LABELS = ("ant", "bee", "cat", "dog")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sub-folders of noise, whose names are not in the order of the labels, with what is no photo among them."""
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(1)
    for name in ("dog", "ant", "cat"):
        (folder / name / "deeper").mkdir(parents=True)
        for number in range(5):
            place = folder / name / ("deeper" if number == 4 else "") / f"{number}.png"
            Image.fromarray(random.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(place)
    (folder / "cat" / "notes.txt").write_text("no photo")
    (folder / "ant" / ".hidden.png").write_text("no photo")
    (folder / "__MACOSX").mkdir()
    return folder


def on_the_device(model: Model, data: Path, against: Model | None = None) -> Evaluation:
    return evaluate(model, labelled_samples(str(data), model.contract), against=against)


def test_the_same_samples_get_the_same_labels_as_on_the_workstation(models: Path, photos: Path) -> None:
    model = Model.load(models / "photo_int8.tflite", labels=LABELS)
    found = list(labelled_samples(str(photos), model.contract))
    listing = list_folder(photos, LABELS)
    assert listing.labels is not None
    assert [one.item.name for one in found] == [str(file) for file in listing.files]
    assert [one.label for one in found] == listing.labels.values.tolist()


def test_photos_are_those_that_the_workstation_takes_for_photos() -> None:
    assert PHOTO_SUFFIXES == SUFFIXES


def test_accuracy_agreement_and_noise_equal_the_workstations(models: Path, photos: Path) -> None:
    files = {name: (models / f"photo_{name}.tflite").read_bytes() for name in ("float", "int8")}
    ours, other = (Model.load(files[name], preprocess="0..1,fit=crop", labels=LABELS) for name in ("int8", "float"))
    found = on_the_device(ours, photos, other)

    def stream() -> Iterator[tuple[dict[str, np.ndarray], Any]]:
        for sample in labelled_samples(str(photos), ours.contract):
            yield {"x": prepare(ours.contract.inputs[0], sample.item.read())}, sample.label

    wanted = evaluate_on_the_workstation(files, ours.contract, threads=1, class_labels=True, stream=stream())
    assert found.metric == wanted["int8"].metric
    assert found.reference_metric == wanted["float"].metric
    assert (found.n, found.agreement, found.sqnr_db) == (15, wanted["int8"].agreement, wanted["int8"].sqnr_db)
    assert found.sqnr_db is not None


def test_npz_and_csv_give_what_numpy_counts(models: Path, tmp_path: Path) -> None:
    model, random = Model.load(models / "table.tflite", labels=("ant", "bee", "cat")), np.random.default_rng(2)
    x, y = random.normal(size=(40, 5)).astype(np.float32), random.integers(0, 3, 40)
    right = float(np.mean([int(np.argmax(model.predict(row))) for row in x] == y))
    np.savez(tmp_path / "numbers.npz", x=x, y=y)
    np.savez(tmp_path / "column.npz", x=x, y=y[:, None])
    np.savez(tmp_path / "one_hot.npz", x=x, y=np.eye(3)[y])
    np.savez(tmp_path / "names.npz", x=x, y=np.array(["ant", "bee", "cat"])[y])
    rows = [",".join([*map(repr, map(float, row)), ("ant", "bee", "cat")[label]]) for row, label in zip(x, y)]  # noqa: B905
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c,d,e,label", *rows]))
    for name in ("numbers.npz", "column.npz", "one_hot.npz", "names.npz", "rows.csv"):
        metric = on_the_device(model, tmp_path / name).metric
        assert metric is not None
        assert (metric.name, metric.value, metric.n) == ("top1", right, 40), name


def test_values_are_held_against_targets(models: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    contract = Model.load(models / "table.tflite").contract
    contract = replace(contract, outputs=(replace(contract.outputs[0], kind="values"),))
    model, random = Model.load(models / "table.tflite", preprocess=contract), np.random.default_rng(2)
    x, y = random.normal(size=(8, 5)).astype(np.float32), random.normal(size=(8, 3)).astype(np.float32)
    np.savez(tmp_path / "set.npz", x=x, y=y)
    found = on_the_device(model, tmp_path / "set.npz", model)
    assert found.metric is not None
    assert found.metric.name == "mse"
    wanted = np.mean((np.asarray(model.predict(x), np.float64) - y) ** 2)
    assert found.metric.value == pytest.approx(wanted)
    assert (found.agreement, found.sqnr_db) == (None, None)


def test_a_flat_folder_has_no_labels_but_can_be_compared(models: Path, photos: Path) -> None:
    model = Model.load(models / "photo_int8.tflite", labels=LABELS)
    found = on_the_device(model, photos / "dog" / "deeper", model)
    assert (found.metric, found.agreement, found.n) == (None, 1.0, 1)


def test_a_broken_photo_counts_for_nothing_and_is_told(models: Path, photos: Path, tmp_path: Path) -> None:
    model, told = Model.load(models / "photo_int8.tflite", labels=LABELS), []
    (tmp_path / "ant").mkdir()
    Image.new("RGB", (16, 12)).save(tmp_path / "ant/a.png")
    (tmp_path / "ant/b.png").write_bytes(b"no photo")
    found = evaluate(model, labelled_samples(str(tmp_path), model.contract), on_failure=told.append)
    assert (found.n, found.failed) == (1, 1)
    assert told == [f"{tmp_path / 'ant/b.png'}: is not a photo in a format Pillow reads"]
    (tmp_path / "ant/a.png").unlink()
    with pytest.raises(InputError, match="no sample could be run"):
        on_the_device(model, tmp_path)


@pytest.mark.parametrize(
    ("y", "part"),
    [
        ([0, 1, 3], r"\[2\]: the label 3 is no class from 0 to 2"),
        ([0, -1, 1], r"\[1\]: the label -1 is no class"),
        ([0.5, 1, 1], r"\[0\]: the label 0.5 is no class"),
        ([0, 1], "y has the shape"),
        (["bird", "a", "b"], "the label bird is no class"),
    ],
)
def test_labels_that_the_model_cannot_answer_are_refused(models: Path, tmp_path: Path, y: Any, part: str) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((3, 5), np.float32), y=np.array(y))
    with pytest.raises(InputError, match=part):
        on_the_device(Model.load(models / "table.tflite"), tmp_path / "set.npz")


def test_folders_that_are_not_the_models_classes_are_refused(models: Path, photos: Path) -> None:
    with pytest.raises(InputError, match="has 3 sub-folders"):
        on_the_device(Model.load(models / "photo_int8.tflite"), photos)
    with pytest.raises(InputError, match="'ant' is none of the model's classes"):
        on_the_device(Model.load(models / "photo_int8.tflite", labels=("a", "b", "cat", "dog")), photos)


def test_an_answer_that_is_no_number_is_an_error(models: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.full((1, 5), np.nan, np.float32), y=[0])
    with pytest.raises(InputError, match=r"set\.npz\[0\]: the model answers with NaN"):
        on_the_device(Model.load(models / "table.tflite"), tmp_path / "set.npz")
