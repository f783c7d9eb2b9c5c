from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgecomp.data import open_data
from edgecomp.data.rows import npz_rows
from edgecomp.errors import InputError
from edgecomp.models.opened import TensorSpec

IMAGE = TensorSpec("image", (1, 8, 6, 1))
ROW = TensorSpec("row", (1, 4))
PAIR = (TensorSpec("left", (1, 4)), TensorSpec("right", (1, 2)))


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npz_gives_the_rows_that_were_saved(tmp_path: Path, save: object, order: str) -> None:
    x, y = np.asarray(values(9, 8, 6, 1), order=order), np.arange(9) % 3
    save(tmp_path / "set.npz", x=x, y=y)  # type: ignore[operator]
    data = open_data(tmp_path / "set.npz", inputs=[IMAGE])
    for _ in range(2):
        samples = list(data)
        assert np.array_equal(np.stack([one.inputs["image"] for one in samples]), x)
        assert [one.label for one in samples] == y.tolist()
    assert len(data) == 9
    assert samples[4].name == "x[4]"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reading_an_npz_takes_memory_for_a_row_not_for_the_file(tmp_path: Path, save: object) -> None:
    x = np.random.default_rng(0).integers(0, 255, (400, 64, 64, 3), np.uint8)
    save(tmp_path / "set.npz", x=x)  # type: ignore[operator]
    spec = TensorSpec("image", (1, 64, 64, 3))
    tracemalloc.start()
    count = sum(1 for _ in open_data(tmp_path / "set.npz", inputs=[spec]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 400
    assert peak < x.nbytes / 5


def test_a_limit_reads_only_the_rows_it_keeps_from_a_compressed_array(tmp_path: Path) -> None:
    x, y = values(60, 4), np.repeat([0, 1, 2], 20)
    np.savez_compressed(tmp_path / "set.npz", x=x, y=y)
    data = open_data(tmp_path / "set.npz", inputs=[ROW], limit=6)
    rows = [int(one.name[2:-1]) for one in data]
    assert [one.label for one in data] == [0, 0, 1, 1, 2, 2]
    assert np.array_equal(np.stack([one.inputs["row"] for one in data]), x[rows])


def test_an_npy_is_memory_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", values(5, 4))
    data = open_data(tmp_path / "x.npy", inputs=[ROW])
    assert np.array_equal(np.stack([one.inputs["row"] for one in data]), values(5, 4))
    assert not data.labelled
    with pytest.raises(InputError, match=r"2 inputs; save an .npz file"):
        open_data(tmp_path / "x.npy", inputs=PAIR)


def test_several_inputs_are_arrays_named_after_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", left=values(3, 4), right=values(3, 2), y=np.arange(3))
    sample = list(open_data(tmp_path / "set.npz", inputs=PAIR))[1]
    assert np.array_equal(sample.inputs["left"], values(3, 4)[1])
    assert np.array_equal(sample.inputs["right"], values(3, 2)[1])
    assert sample.label == 1


def test_arrays_of_other_names_have_to_be_chosen(tmp_path: Path) -> None:
    file = tmp_path / "set.npz"
    np.savez(file, x_train=values(4, 4), y_train=np.zeros(4), x_test=values(2, 4), y_test=np.array([1, 0]))
    with pytest.raises(InputError, match=r"holds x_train, y_train, x_test, y_test.*:x_train,y_train"):
        open_data(file, inputs=[ROW])
    assert [one.label for one in open_data(f"{file}:x_test,y_test", inputs=[ROW])] == [1, 0]
    assert not open_data(f"{file}:x_test", inputs=[ROW]).labelled
    with pytest.raises(InputError, match="no array 'x_val'"):
        open_data(f"{file}:x_val", inputs=[ROW])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((0, 4), np.float32), "is empty"),
        (np.float32(3), "single number"),
        (values(5, 3), r"shape \[3\].*takes \[4\]"),
        (values(4), r"shape \[\].*takes \[4\]"),
        (values(5, 4).astype(complex), "complex numbers"),
        (np.array([["a"] * 4]), "holds text"),
        (np.zeros((2, 4), "datetime64[s]"), "dtype datetime64"),
        (np.array([{"a": 1}] * 3, object), "Python objects"),
        ((values(5, 4), np.zeros(4, int)), "row has 5, y has 4"),
        ((values(5, 4), np.array([object()] * 5)), "neither numbers nor text"),
        ({"left": values(5, 4)}, "arrays for left, but the model's inputs are row"),
        ([[1.0], [1.0, 2.0]], "not an array of numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_arrays_that_do_not_fit_are_refused_with_what_is_wrong(data: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_data(data, inputs=[ROW])  # type: ignore[arg-type]


def test_fractions_are_refused_for_an_input_of_whole_numbers() -> None:
    with pytest.raises(InputError, match=r"takes whole numbers \(int32\)"):
        open_data(values(5, 4), inputs=[TensorSpec("ids", (1, 4), "int32")])
    assert len(open_data(np.ones((5, 4), np.int64), inputs=[TensorSpec("ids", (1, 4), "int32")])) == 5


def test_channels_in_front_get_a_hint() -> None:
    with pytest.raises(InputError, match="moveaxis"):
        open_data(values(5, 3, 8, 6), inputs=[TensorSpec("image", (1, 8, 6, 3))])


def test_uint8_pixels_are_images_and_other_numbers_are_not() -> None:
    pixels = np.zeros((3, 8, 6), np.uint8)
    assert open_data(pixels, inputs=[IMAGE]).kind == "images"
    assert open_data(pixels.astype(np.float32), inputs=[IMAGE]).kind == "arrays"
    assert open_data(np.zeros((3, 4), np.uint8), inputs=[ROW]).kind == "arrays"


def damaged(content: bytes, kind: str) -> bytes:
    if kind == "cut":
        return content[: len(content) // 2]
    middle = len(content) // 2
    return content[:middle] + bytes(64) + content[middle + 64 :] if kind == "overwritten" else b"not a zip at all"


@pytest.mark.parametrize("kind", ["cut", "overwritten", "other"])
def test_a_damaged_npz_is_named(tmp_path: Path, kind: str) -> None:
    whole = io.BytesIO()
    np.savez_compressed(whole, x=values(50, 4))
    (tmp_path / "set.npz").write_bytes(damaged(whole.getvalue(), kind))
    with pytest.raises(InputError, match=r"set\.npz"):
        list(open_data(tmp_path / "set.npz", inputs=[ROW]))


def test_pickled_arrays_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=np.array([{"a": 1}], object))
    for name in ("x.npy", "x.npz"):
        with pytest.raises(InputError, match="Python objects"):
            open_data(tmp_path / name, inputs=[ROW])


def test_a_stored_array_behind_a_long_zip_header_is_found(tmp_path: Path) -> None:
    made = io.BytesIO()
    np.save(made, values(3, 4))
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_STORED) as archive:
        info = zipfile.ZipInfo("x.npy")
        info.extra = b"\xfe\xca\x04\x00abcd"
        archive.writestr(info, made.getvalue())
    rows = npz_rows(tmp_path / "x.npz", "x.npy")
    assert np.array_equal(np.stack(list(rows.take([0, 2]))), values(3, 4)[[0, 2]])
