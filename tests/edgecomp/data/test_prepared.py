from __future__ import annotations

import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess, prepare
from PIL import Image

import edgecomp.data.photos as photos_module
from edgecomp.data import Sample, limited, open_data, prepared
from edgecomp.errors import InputError
from edgecomp.models.opened import TensorSpec

PHOTO = TensorSpec("photo", (1, 16, 16, 3))
CONTRACT = build_contract(parse_preprocess("-1..1,fit=crop"), [PHOTO], [], images=True)
ROW = TensorSpec("row", (1, 4))
ROW_CONTRACT = build_contract(parse_preprocess("none"), [ROW], [TensorSpec("scores", (1, 3))], images=False)


def write_photos(folder: Path, count: int, size: int = 32) -> None:
    rng = np.random.default_rng(0)
    for index in range(count):
        Image.fromarray(rng.integers(0, 255, (size, size, 3), np.uint8)).save(folder / f"{index:04}.bmp")


def test_samples_are_exactly_what_the_device_would_make_of_the_file(tmp_path: Path) -> None:
    write_photos(tmp_path, 5, 37)
    for one in prepared(open_data(tmp_path, inputs=[PHOTO]), CONTRACT):
        assert np.array_equal(one.feeds["photo"], prepare(CONTRACT.inputs[0], tmp_path / one.name))


@pytest.mark.parametrize("keep_bytes", [0, 1 << 20])
def test_the_order_does_not_depend_on_which_photo_is_decoded_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep_bytes: int
) -> None:
    write_photos(tmp_path, 20)
    decode = photos_module.decode_photo

    def uneven(path: Path) -> np.ndarray:
        time.sleep(0.01 if int(path.stem) % 4 == 0 else 0)
        return decode(path)

    monkeypatch.setattr(photos_module, "decode_photo", uneven)
    made = prepared(open_data(tmp_path, inputs=[PHOTO]), CONTRACT, keep_bytes=keep_bytes)
    for _ in range(2):
        assert [one.name for one in made] == [f"{index:04}.bmp" for index in range(20)]


def test_what_is_kept_is_the_same_on_the_next_pass_and_needs_no_file(tmp_path: Path) -> None:
    write_photos(tmp_path, 6)
    made = prepared(open_data(tmp_path, inputs=[PHOTO]), CONTRACT)
    first = [one.feeds["photo"] for one in made]
    for file in tmp_path.iterdir():
        file.unlink()
    assert np.array_equal(np.stack(first), np.stack([one.feeds["photo"] for one in made]))


def test_a_pass_that_is_given_up_leaves_the_next_one_whole(tmp_path: Path) -> None:
    write_photos(tmp_path, 12)
    made = prepared(open_data(tmp_path, inputs=[PHOTO]), CONTRACT)
    assert next(iter(made)).name == "0000.bmp"
    assert len(list(made)) == 12
    assert made.survey().samples == 12


@pytest.mark.parametrize("keep_bytes", [0, 100_000])
def test_memory_does_not_grow_with_the_number_of_photos(tmp_path: Path, keep_bytes: int) -> None:
    write_photos(tmp_path, 2000)
    whole = open_data(tmp_path, inputs=[PHOTO])

    def peak(count: int) -> int:
        made = prepared(limited(whole, count), CONTRACT, keep_bytes=keep_bytes)
        tracemalloc.start()
        assert sum(1 for _ in made) == count
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(50)  # Pillow's own tables
    assert peak(2000) < peak(200) + 1_000_000, "1800 more photos are 5.5 MB as they are, and 5.5 MB as inputs"


def test_kept_samples_cannot_be_written_to() -> None:
    made = prepared(open_data(np.ones((3, 4), np.float32), inputs=[ROW]), ROW_CONTRACT)
    with pytest.raises(ValueError, match="read-only"):
        next(iter(made)).feeds["row"][:] = 0


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
def test_values_that_are_not_finite_are_named_with_their_place(value: float, name: str) -> None:
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    x[3, 2] = value
    with pytest.raises(InputError, match=rf"x\[3\]: input row holds {name}, first at \[2\]"):
        list(prepared(open_data(x, inputs=[ROW]), ROW_CONTRACT))


def test_numbers_too_large_for_float32_are_named() -> None:
    x = np.ones((2, 4))
    x[1, 0] = 1e300
    with np.errstate(over="ignore"), pytest.raises(InputError, match=r"x\[1\]: input row holds infinity"):
        list(prepared(open_data(x, inputs=[ROW]), ROW_CONTRACT))


def test_whole_numbers_stored_as_fractions_are_classes_for_a_classifier() -> None:
    data = open_data((np.eye(3, 4, dtype=np.float32), np.array([0.0, 2.0, 1.0])), inputs=[ROW])
    assert [one.label for one in prepared(data, ROW_CONTRACT)] == [0, 2, 1]
    values = build_contract(parse_preprocess("none"), [ROW], [TensorSpec("value", (1, 1))], images=False)
    assert [float(one.label) for one in prepared(data, values) if one.label is not None] == [0, 2, 1]


@dataclass(frozen=True)
class HandMade:
    """A data set of another kind than those here."""

    source: str = "mine"
    kind: str = "arrays"
    class_names: tuple[str, ...] = ()
    labelled: bool = True
    warnings: tuple[str, ...] = ()
    skipped: tuple[()] = ()

    def __len__(self) -> int:
        return 10

    def __iter__(self):  # type: ignore[no-untyped-def]
        return (Sample(f"s{i}", {"row": np.full(4, i, np.float32)}, i % 2) for i in range(10))


def test_a_data_set_of_ones_own_is_taken_as_it_is() -> None:
    data = open_data(HandMade(), inputs=[ROW])  # type: ignore[arg-type]
    assert [one.name for one in prepared(data, ROW_CONTRACT)] == [f"s{i}" for i in range(10)]
    few = open_data(HandMade(), inputs=[ROW], limit=4)  # type: ignore[arg-type]
    assert [one.label for one in few] == [0, 1, 0, 1]
    assert len(few) == 4


def test_limiting_an_open_set_keeps_samples_with_their_labels(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_photos(tmp_path / name, 8)
    few = limited(open_data(tmp_path, inputs=[PHOTO]), 4)
    assert [(one.name, one.label) for one in few] == [
        ("a/0002.bmp", 0),
        ("a/0006.bmp", 0),
        ("b/0002.bmp", 1),
        ("b/0006.bmp", 1),
    ]
