"""Folders of photos as people have them; the photos are real files written by Pillow."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess
from PIL import Image

from edgecomp.data import check_calibration, open_data, prepared
from edgecomp.errors import InputError
from edgecomp.models.opened import TensorSpec

PHOTO = TensorSpec("photo", (1, 8, 8, 3))
CONTRACT = build_contract(parse_preprocess("none,resample=nearest"), [PHOTO], [], images=True)


def save(file: Path, color: tuple[int, int, int] = (200, 30, 60), size: tuple[int, int] = (20, 10)) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    gradient = np.linspace(0, 1, size[0])[None, :, None] * np.array(color) * np.ones((size[1], 1, 1))
    Image.fromarray(gradient.astype(np.uint8)).save(file)
    return file


def names(data: object) -> list[str]:
    return [one.name for one in data]  # type: ignore[attr-defined]


def test_sub_folders_are_classes_in_sorted_order(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.png", "a/x.jpg", "C/1.png"):
        save(tmp_path / name)
    data = open_data(tmp_path, inputs=[PHOTO])
    assert data.class_names == ("C", "a", "b")
    assert [(one.name, one.label) for one in data] == [("C/1.png", 0), ("a/x.jpg", 1), ("b/1.png", 2), ("b/2.png", 2)]
    assert data.warnings == ()


def test_the_order_is_that_of_keras(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    for name in ("b/2.png", "b/10.png", "a/x.png", "C/1.png", "a/deep/y.png", "10/1.png", "9/1.png", "empty/.keep"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch() if name.endswith(".keep") else save(tmp_path / name)
    theirs = keras.utils.image_dataset_from_directory(
        str(tmp_path), shuffle=False, batch_size=1, image_size=(8, 8), verbose=False
    )
    ours = open_data(tmp_path, inputs=[PHOTO])
    assert list(ours.class_names) == theirs.class_names
    assert [str(tmp_path / name) for name in names(ours)] == theirs.file_paths
    assert [one.label for one in ours] == [int(label[0]) for _, label in theirs]


def test_numbers_as_class_names_are_warned_of_where_text_and_number_order_differ(tmp_path: Path) -> None:
    for name in ("1", "2", "10"):
        save(tmp_path / name / "x.png")
    data = open_data(tmp_path, inputs=[PHOTO])
    assert data.class_names == ("1", "10", "2")
    assert "order of text" in data.warnings[0]
    ordered = open_data(tmp_path, inputs=[PHOTO], labels=["1", "2", "10"])
    assert [one.label for one in ordered] == [0, 2, 1]
    assert ordered.warnings == ()


def test_a_flat_folder_is_unlabelled_and_may_hold_other_files(tmp_path: Path) -> None:
    save(tmp_path / "b.png"), save(tmp_path / "a.JPEG"), save(tmp_path / ".hidden.png")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "Thumbs.db").write_text("")
    data = open_data(tmp_path, inputs=[PHOTO])
    assert names(data) == ["a.JPEG", "b.png"]
    assert not data.labelled
    assert data.warnings == (f"{tmp_path}: 1 file(s) that are not photos are left out, such as notes.txt",)


def test_what_lies_beside_class_folders_is_left_out_with_a_warning(tmp_path: Path) -> None:
    save(tmp_path / "a/1.png"), save(tmp_path / "b/deep/er/2.png"), save(tmp_path / "loose.png")
    (tmp_path / "c").mkdir()
    data = open_data(tmp_path, inputs=[PHOTO])
    assert names(data) == ["a/1.png", "b/deep/er/2.png"]
    assert data.class_names == ("a", "b", "c")
    assert any("without photos: c" in one for one in data.warnings)
    assert any("1 photo(s) outside" in one for one in data.warnings)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "holds no photos; it holds no files"),
        (["a.txt", "b.csv"], r"holds no photos; it holds 2 other file\(s\), such as a.txt"),
        (["train/a/1.png", "test/a/1.png"], "are splits, not classes; give one"),
        (["data/a/1.png", "data/b/1.png"], "the photos lie deeper; give .*data"),
    ],
)
def test_a_folder_that_is_not_a_set_is_refused(tmp_path: Path, files: list[str], message: str) -> None:
    for name in files:
        save(tmp_path / name) if name.endswith("png") else (tmp_path / name).write_text("")
    with pytest.raises(InputError, match=message):
        open_data(tmp_path, inputs=[PHOTO])


def test_a_class_that_the_labels_do_not_name_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "cat/1.png"), save(tmp_path / "cow/1.png")
    with pytest.raises(InputError, match="label 'cow'"):
        open_data(tmp_path, inputs=[PHOTO], labels=["cat", "dog"])


@pytest.mark.parametrize(
    "spec", [TensorSpec("row", (1, 4)), TensorSpec("x", (1, 8, 8, 5)), TensorSpec("x", (1, 8, 8, 3), "int32")]
)
def test_photos_for_a_model_that_takes_none_are_refused(tmp_path: Path, spec: TensorSpec) -> None:
    save(tmp_path / "1.png")
    with pytest.raises(InputError, match="photos do not fit"):
        open_data(tmp_path, inputs=[spec])
    with pytest.raises(InputError, match="photos feed one input"):
        open_data(tmp_path, inputs=[PHOTO, spec])


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a/1.png")

    def refuse(path: object) -> list[str]:  # chmod does not stop root, who runs the tests in containers
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied"):
        open_data(tmp_path, inputs=[PHOTO])


def write_every_kind(folder: Path) -> None:
    rng = np.random.default_rng(0)
    color = Image.fromarray(rng.integers(0, 255, (12, 18, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    color.save(folder / "exif.jpg", exif=exif)
    color.convert("L").save(folder / "grey.png")
    color.convert("RGBA").save(folder / "alpha.png")
    color.convert("CMYK").save(folder / "cmyk.jpg")
    color.convert("P").save(folder / "palette.gif")
    color.convert("1").save(folder / "one-bit.png")
    Image.fromarray(rng.integers(0, 65535, (12, 18), np.uint16)).save(folder / "sixteen.png")
    color.resize((9, 40)).save(folder / "portrait.webp")
    Image.new("RGB", (6000, 4000), (9, 8, 7)).save(folder / "huge.jpg", quality=50)


def test_photos_of_every_kind_come_out_in_the_models_shape(tmp_path: Path) -> None:
    write_every_kind(tmp_path)
    made = prepared(open_data(tmp_path, inputs=[PHOTO]), CONTRACT)
    assert len(made) == 9
    for one in made:
        assert one.feeds["photo"].shape == (1, 8, 8, 3)
        assert one.feeds["photo"].dtype == np.float32
    assert made.skipped == ()


def break_some(folder: Path, whole: int) -> None:
    for index in range(whole):
        save(folder / f"{index:03}.jpg", (index, 100, 200))
    (folder / "cut.jpg").write_bytes((folder / "000.jpg").read_bytes()[:200])
    (folder / "text.png").write_text("I am no photo")
    os.symlink(folder / "nowhere", folder / "link.png")
    (folder / "zero.jpg").touch()


def test_broken_photos_are_named_and_skipped(tmp_path: Path) -> None:
    break_some(tmp_path, 40)
    made = prepared(open_data(tmp_path, inputs=[PHOTO]), CONTRACT)
    assert len(list(made)) == 40
    assert len(made) == 40
    assert {one.name for one in made.skipped} == {"cut.jpg", "text.png", "link.png", "zero.jpg"}
    warnings = check_calibration(made, CONTRACT)
    assert any("4 of 44 samples cannot be read" in one and "cut.jpg: " in one for one in warnings)


def test_too_many_broken_photos_are_an_error(tmp_path: Path) -> None:
    break_some(tmp_path, 30)
    with pytest.raises(InputError, match=r"4 of 34 samples cannot be read, more than 10%"):
        check_calibration(open_data(tmp_path, inputs=[PHOTO]), CONTRACT)


def test_an_upright_exif_photo_is_turned(tmp_path: Path) -> None:
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, :8, 0] = 255  # red on the left; turned right by 90 degrees it is on top
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture).save(tmp_path / "x.png", exif=exif)
    (sample,) = prepared(open_data(tmp_path, inputs=[PHOTO]), CONTRACT)
    red = sample.feeds["photo"][0, :, :, 0]
    assert red[:4].min() == 255
    assert red[4:].max() == 0
