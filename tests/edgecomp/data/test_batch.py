"""Samples in stacks are what they are one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.preprocess import arrange, build_contract, parse_preprocess
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.data import open_data, prepared
from edgecomp.data.batch import BATCH_BYTES, arrange_together, samples_together
from edgecomp.errors import InputError
from edgecomp.models.opened import TensorSpec

ROW = TensorSpec("row", (1, 4))
SCORES = [TensorSpec("scores", (1, 3))]
ROW_CONTRACT = build_contract(parse_preprocess("mean=1,std=3"), [ROW], SCORES, images=False)

PREPROCESSES = st.sampled_from(["none", "0..1", "-1..1", "imagenet-caffe", "imagenet-torch", "0..1,color=gray"])
SHAPES = st.sampled_from([(1, 6, 5, 3), (1, 6, 5, 1), (1, 6, 5)])


def contract_of(preprocess: str, shape: tuple[int, ...], *, photo: bool) -> Any:
    return build_contract(parse_preprocess(preprocess), [TensorSpec("x", shape)], [], images=photo)


@given(PREPROCESSES, SHAPES, st.booleans(), st.booleans(), st.integers(1, 9))
def test_arranged_together_is_arranged_one_by_one(
    preprocess: str, shape: tuple[int, ...], photo: bool, pixels: bool, count: int
) -> None:
    try:
        (one,) = contract_of(preprocess, shape, photo=photo).inputs
    except InputError:
        return  # three values of mean for one channel, colours that an input has not
    raw = np.random.default_rng(count).integers(0, 256, (count, *shape[1:]))
    samples = raw.astype(np.uint8) if pixels else raw.astype(np.float32)
    together = arrange_together(one, samples)
    assert together is not None
    wanted = np.concatenate([arrange(one, sample) for sample in samples])
    assert together.dtype == wanted.dtype
    assert np.array_equal(together, wanted)


def test_what_has_not_the_tensors_shape_is_left_to_be_arranged_one_by_one() -> None:
    contract = contract_of("0..1", (1, 8, 8, 1), photo=True)
    photos = np.random.default_rng(0).integers(0, 256, (5, 8, 8)).astype(np.uint8)
    assert arrange_together(contract.inputs[0], photos) is None
    made = prepared(open_data(photos, inputs=[TensorSpec("x", (1, 8, 8, 1))]), contract)
    assert np.array_equal([one.inputs["x"] for one in made.arranged()], photos[..., None])


def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, 4)).astype(np.float32)
    x[7] = 2.5  # flat
    return x, rng.integers(0, 3, count)


def one_by_one(x: np.ndarray, y: np.ndarray) -> Any:
    return lambda: ((sample, int(label)) for sample, label in zip(x, y, strict=True))


def test_arrays_and_a_function_that_yields_their_samples_are_the_same_set() -> None:
    x, y = rows(150)
    stacked = prepared(open_data((x, y), inputs=[ROW]), ROW_CONTRACT)
    single = prepared(open_data(one_by_one(x, y), inputs=[ROW]), ROW_CONTRACT)
    assert max(len(batch.names) for batch in stacked.batches()) > 1
    for ours, theirs in zip(stacked, single, strict=True):
        assert np.array_equal(ours.feeds["row"], theirs.feeds["row"])
        assert (ours.label, ours.feeds["row"].shape) == (theirs.label, (1, 4))
    surveys = [one.survey() for one in (stacked, single)]
    assert surveys[0].inputs == {
        "row": surveys[1].inputs["row"].__class__(**{**surveys[1].inputs["row"].__dict__, "first_flat": "x[7]"})
    }
    assert surveys[0].inputs["row"].flat == 1
    assert (surveys[0].classes, surveys[0].samples) == (surveys[1].classes, 150)


def test_a_bad_sample_in_a_stack_is_named_and_those_before_it_are_given_out() -> None:
    x, y = rows(40)
    x[30, 1] = np.nan
    made = iter(prepared(open_data((x, y), inputs=[ROW]), ROW_CONTRACT))
    assert [next(made).name for _ in range(30)] == [f"x[{place}]" for place in range(30)]
    with pytest.raises(InputError, match=r"x\[30\]: input row holds NaN"):
        next(made)


@pytest.mark.parametrize("compressed", [False, True])
def test_samples_of_a_file_are_read_in_stacks(tmp_path: Any, compressed: bool) -> None:
    x, y = rows(150)
    (np.savez_compressed if compressed else np.savez)(tmp_path / "rows.npz", x=x, y=y)
    made = prepared(open_data(tmp_path / "rows.npz", inputs=[ROW], limit=100), ROW_CONTRACT, keep_bytes=0)
    names = [one.name for one in made]
    assert len(names) == 100
    places = [int(name[2:-1]) for name in names]
    assert np.array_equal([one.inputs["row"] for one in made.arranged()], x[places])
    assert [one.label for one in made] == y[places].tolist()


def test_some_samples_are_found_by_position(tmp_path: Any) -> None:
    x, y = rows(150)
    for keep_bytes in (0, 1 << 20):
        made = prepared(open_data((x, y), inputs=[ROW]), ROW_CONTRACT, keep_bytes=keep_bytes)
        for _ in range(2):
            found = made.at([149, 3, 64, 3, 500])
            assert sorted(found) == [3, 64, 149]
            assert all(np.array_equal(sample.inputs["row"], x[place]) for place, sample in found.items())
            made.survey()


def test_photos_are_found_by_position_without_reading_the_others(tmp_path: Any) -> None:
    from PIL import Image

    for place in range(6):
        Image.new("RGB", (8, 8), (place, 0, 0)).save(tmp_path / f"{place}.png")
    photo = TensorSpec("x", (1, 8, 8, 3))
    made = prepared(open_data(tmp_path, inputs=[photo]), contract_of("none", (1, 8, 8, 3), photo=True), keep_bytes=0)
    assert len(list(made)) == 6
    for place in (0, 1, 3):
        (tmp_path / f"{place}.png").unlink()
    assert {place: int(one.inputs["x"][0, 0, 0]) for place, one in made.at([4, 2]).items()} == {2: 2, 4: 4}


def test_a_stack_holds_at_least_one_sample() -> None:
    assert samples_together(10 * BATCH_BYTES) == 1
    assert samples_together(0) == samples_together(1)
