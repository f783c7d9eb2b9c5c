"""Named preprocessings are read as written, and applied with the arithmetic the contract states."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from edgecomp_runtime.contract import ImageContract, InputContract
from edgecomp_runtime.errors import InputError
from edgecomp_runtime.preprocess import NAMES, Preprocess, build_contract, parse_preprocess, prepare
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


class Spec(NamedTuple):
    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"


_OUT = (Spec("y", (1, 4)),)


def _input(text: str, shape: tuple[int, ...], dtype: str = "float32", images: bool = True) -> InputContract:
    return build_contract(parse_preprocess(text), (Spec("x", shape, dtype),), _OUT, images=images).inputs[0]


_options = st.fixed_dictionaries(
    {},
    optional={
        "fit": st.sampled_from(["stretch", "crop", "pad"]),
        "color": st.sampled_from(["rgb", "bgr", "gray"]),
        "resample": st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
    },
).map(lambda chosen: [f"{key}={value}" for key, value in chosen.items()])


def _listed(values: list[float]) -> str:
    return "/".join(map(repr, values))


_values = st.floats(-1e30, 1e30, allow_nan=False)
_stds = st.floats(1e-30, 1e30)
_custom = st.one_of(
    st.builds(
        lambda m, s: f"mean={_listed(m)},std={_listed(s)}",
        st.lists(_values, min_size=3, max_size=3),
        st.lists(_stds, min_size=3, max_size=3),
    ),
    st.builds(lambda m, s: f"mean={m!r},std={_listed(s)}", _values, st.lists(_stds, min_size=3, max_size=3)),
    st.builds(lambda m: f"mean={m!r}", _values),
    st.builds(lambda s: f"std={s!r}", _stds),
)


@given(st.sampled_from(NAMES) | _custom, _options)
def test_what_was_read_is_written_so_that_it_reads_the_same(base: str, options: list[str]) -> None:
    read = parse_preprocess(",".join([base, *options]))
    assert parse_preprocess(str(read)) == read
    for option in options:
        key, value = option.split("=")
        assert getattr(read, key) == value


@given(st.text(alphabet="0123456789.-,/=meanstdficolrgbup ", max_size=40))
def test_any_text_gives_a_preprocessing_or_a_clear_error(text: str) -> None:
    try:
        read = parse_preprocess(text)
    except InputError as error:
        message = str(error)
    else:
        message = f"{text!r} read as {parse_preprocess(str(read))}"
        assert parse_preprocess(str(read)) == read
    assert repr(text) in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("auto", "imagenet-torch"),
        ("", "imagenet-torch"),
        ("0..1,0..1", "one of"),
        ("0..1,mean=3", "one of"),
        ("0..1,fit=zoom", "fit=zoom is not one of stretch, crop, pad"),
        ("0..1,size=3", "'size' is not one of mean, std, color"),
        ("0..1,fit=crop,fit=pad", "fit is given twice"),
        ("mean=1/2,std=1/2/3", "2 values of mean, but 3 of std"),
        ("mean=a", "mean=a is not numbers"),
        ("std=0", "std=0 is not a positive number"),
        ("std=-1", "std=-1 is not a positive number"),
        ("std=1e-50", "is not a positive number that float32 can hold"),
        ("mean=nan", "mean=nan is not a finite number"),
        ("mean=1e39", "is not a finite number that float32 can hold"),
    ],
)
def test_an_error_names_the_bad_part_and_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_preprocess(text)
    assert part in str(caught.value)


def test_the_named_preprocessings_agree_with_keras() -> None:
    keras = pytest.importorskip("keras")
    photo = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    for name, mode in (("imagenet-caffe", "caffe"), ("imagenet-torch", "torch"), ("-1..1", "tf")):
        expected = keras.applications.imagenet_utils.preprocess_input(photo.astype(np.float32), mode=mode)
        np.testing.assert_allclose(prepare(_input(name, (1, 5, 7, 3)), photo)[0], expected, rtol=0, atol=2e-5)


def test_a_raw_value_is_centred_and_divided_in_float32_exactly() -> None:
    contract = _input("mean=0.1/103.939/7,std=0.3/1/255", (1, 2, 2, 3))
    raw = np.random.default_rng(1).normal(0, 300, (2, 2, 3)).astype(np.float32)
    mean, std = np.array([0.1, 103.939, 7], np.float32), np.array([0.3, 1, 255], np.float32)
    np.testing.assert_array_equal(prepare(contract, raw)[0], (raw - mean) / std)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint16])
@pytest.mark.parametrize("text", ["none", "0..1", "imagenet-caffe"])
def test_a_photo_means_the_same_in_every_dtype(dtype: type, text: str) -> None:
    photo = np.random.default_rng(2).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    contract = _input(text, (1, 5, 7, 3))
    np.testing.assert_array_equal(prepare(contract, photo.astype(dtype)), prepare(contract, photo))


def test_the_value_handed_over_is_not_changed() -> None:
    raw = np.full((3,), 5, np.float32)
    prepare(_input("mean=1,std=2", (1, 3), images=False), raw)
    assert raw.tolist() == [5, 5, 5]


@pytest.mark.parametrize("shape", [(1, 5, 7, 3), (1, 5, 7, 1), (1, 5, 7)])
def test_photo_inputs_of_each_shape_take_colour_and_grey_photos_from_array_image_and_file(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    contract = _input("0..1", shape)
    random = np.random.default_rng(3)
    for photo in (
        random.integers(0, 256, (20, 30, 3), dtype=np.uint8),
        random.integers(0, 256, (20, 30), dtype=np.uint8),
    ):
        image = Image.fromarray(photo)
        image.save(tmp_path / "photo.png")
        prepared = prepare(contract, photo)
        assert prepared.shape == shape
        assert prepared.dtype == np.float32
        for other in (image, tmp_path / "photo.png", str(tmp_path / "photo.png")):
            np.testing.assert_array_equal(prepare(contract, other), prepared)


def test_a_missing_channel_axis_and_a_batch_axis_of_one_are_added() -> None:
    contract = _input("none", (1, 5, 7, 1))
    values = np.random.default_rng(4).random((5, 7), dtype=np.float32)
    for given_shape in ((5, 7), (5, 7, 1), (1, 5, 7), (1, 5, 7, 1)):
        np.testing.assert_array_equal(prepare(contract, values.reshape(given_shape))[0, :, :, 0], values)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (np.zeros((4, 7, 3), np.float32), r"\[4, 7, 3\] and dtype float32 does not fit"),
        (np.zeros((5, 7, 3), np.complex64), "complex64"),
        (np.full((5, 7, 3), "a"), "not real numbers"),
        (np.zeros((5, 7, 2), np.uint8), "is not a photo"),
        ([[1.0], [2.0, 3.0]], "not an array of numbers"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: object, part: str) -> None:
    with pytest.raises(InputError, match=part):
        prepare(_input("none", (1, 5, 7, 3)), value)


def test_numbers_are_wanted_where_the_input_is_no_photo() -> None:
    with pytest.raises(InputError, match="not a photo"):
        prepare(_input("none", (1, 5), images=False), "cat.jpg")


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        (np.array([1, 2, 3]), True),
        (np.array([1.0, 2.0, 3.0]), True),
        (np.array([1.5, 2, 3]), False),
        (np.array([2**31, 0, 0]), False),
        (np.array([np.nan, 0, 0]), False),
    ],
)
def test_ids_are_passed_as_they_are_or_refused(value: np.ndarray, fine: bool) -> None:
    contract = _input("-1..1", (1, 3), "int32", images=False)
    if fine:
        prepared = prepare(contract, value)
        assert prepared.dtype == np.int32
        assert prepared.tolist() == [[1, 2, 3]]
    else:
        with pytest.raises(InputError, match="whole numbers"):
            prepare(contract, value)


def test_pixels_of_a_uint8_input_are_not_normalized() -> None:
    photo = np.random.default_rng(5).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    prepared = prepare(_input("-1..1", (1, 5, 7, 3), "uint8"), photo)
    assert prepared.dtype == np.uint8
    np.testing.assert_array_equal(prepared[0], photo)


def test_a_contract_takes_photos_only_where_the_shape_allows() -> None:
    made = build_contract(
        parse_preprocess("0..1,fit=pad"),
        (Spec("photo", (1, 8, 9, 3)), Spec("age", (1, 1)), Spec("ids", (1, 6), "int32")),
        _OUT,
        images=True,
    )
    assert made.inputs[0].image == ImageContract(8, 9, "rgb", "pad", "bilinear")
    assert made.inputs[1].image is None
    assert made.inputs[2].mean == (0.0,)
    assert made.preprocess == "0..1,fit=pad"


@pytest.mark.parametrize(
    ("shape", "text", "part"),
    [
        ((1, 5), "0..1", "no input takes photos"),
        ((1, 8, 8, 4), "0..1", "no input takes photos"),
        ((1, 8, 8, 1), "imagenet-torch", "3 values of mean"),
        ((1, 8, 8), "imagenet-caffe", "3 values of mean"),
        ((1, 8, 8, 3), "0..1,color=gray", "color=gray does not fit"),
    ],
)
def test_a_preprocessing_that_does_not_fit_the_model_is_refused(shape: tuple[int, ...], text: str, part: str) -> None:
    with pytest.raises(InputError, match=part):
        _input(text, shape)


def test_outputs_are_classes_where_they_have_columns_or_two_labels() -> None:
    outputs = (Spec("many", (1, 3)), Spec("one", (1, 1)), Spec("map", (1, 4, 4, 2)))
    plain = build_contract(Preprocess(), (Spec("x", (1, 2)),), outputs, images=False, activation="softmax")
    assert [one.kind for one in plain.outputs] == ["classification", "values", "values"]
    assert [one.activation for one in plain.outputs] == ["softmax", "none", "none"]
    two = build_contract(Preprocess(), (Spec("x", (1, 2)),), outputs, images=False, labels=("no", "yes"))
    assert two.outputs[1].kind == "classification"
    assert two.outputs[1].labels == ("no", "yes")
    assert two.outputs[0].labels == ()
    with pytest.raises(InputError, match="5 labels"):
        build_contract(Preprocess(), (Spec("x", (1, 2)),), outputs, images=False, labels="abcde")
