"""Samples as a page shows them."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess
from PIL import Image

from edgecomp.data import PreparedSet, open_data, prepared
from edgecomp.models.opened import TensorSpec
from edgecomp.pipeline.evaluating.pictures import MOST_SIDE, picture_of, shown
from edgecomp.pipeline.evaluating.setting import Setting
from edgecomp.report.sections.pictures import PictureBudget


def made(x: np.ndarray, shape: tuple[int, ...], preprocess: str = "0..1", *, photo: bool = True) -> PreparedSet:
    spec = TensorSpec("x", (1, *shape))
    contract = build_contract(parse_preprocess(preprocess), [spec], [], images=photo)
    return prepared(open_data(x, inputs=[spec]), contract)


def decoded(uri: str) -> np.ndarray:
    head, _, data = uri.partition(",")
    assert head in ("data:image/png;base64", "data:image/jpeg;base64")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def setting(samples: PreparedSet, *, hide_samples: bool = False) -> Setting:
    return Setting({"file": b""}, "file", samples.contract, None, samples, hide_samples=hide_samples)


def first(samples: PreparedSet) -> Any:
    return samples.at([0])[0]


@pytest.mark.parametrize("preprocess", ["0..1", "imagenet-caffe"])
def test_a_small_photo_is_shown_pixel_by_pixel_in_its_own_colours(preprocess: str) -> None:
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 24, 3)).astype(np.uint8)
    samples = made(photos, (32, 24, 3), preprocess)
    found = picture_of(first(samples), samples)
    assert found is not None
    assert (found.width, found.height) == (24, 32)
    assert np.array_equal(decoded(found.uri), photos[0])


def test_a_large_photo_is_scaled_down_and_keeps_its_shape() -> None:
    photos = np.random.default_rng(0).integers(0, 256, (1, 300, 200, 3)).astype(np.uint8)
    samples = made(photos, (300, 200, 3))
    found = picture_of(first(samples), samples)
    assert found is not None
    assert max(found.width, found.height) <= MOST_SIDE
    assert found.width / found.height == pytest.approx(2 / 3, abs=0.02)
    assert decoded(found.uri).shape == (found.height, found.width, 3)


def test_floats_of_any_scale_are_stretched_to_what_a_screen_shows() -> None:
    values = np.linspace(-3, 5, 2 * 16 * 16).reshape(2, 16, 16, 1).astype(np.float32)
    samples = made(values, (16, 16, 1), "none", photo=False)
    samples.survey()
    found = picture_of(first(samples), samples)
    assert found is not None
    pixels = decoded(found.uri)
    assert (pixels.min(), pixels.max()) == (0, 127)


def test_numbers_are_summed_up_instead() -> None:
    samples = made(np.arange(20, dtype=np.float32).reshape(2, 10), (10,), "none", photo=False)
    found = shown(first(samples), setting(samples))
    assert found["image"] is None
    (summary,) = found["summary"]
    assert (summary["input"], summary["shape"], summary["low"], summary["high"]) == ("x", [10], 0.0, 9.0)
    assert summary["mean"] == 4.5
    assert summary["first"] == [0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("shape", [(16, 16, 3), (10,)], ids=["photo", "row"])
def test_hidden_samples_show_neither_pixels_nor_numbers(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod((2, *shape))).reshape(2, *shape).astype(np.float32)
    samples = made(values, shape, "none", photo=False)
    samples.survey()
    open_, hidden = (shown(first(samples), setting(samples, hide_samples=hide)) for hide in (False, True))
    assert open_["image"] or open_["summary"]
    assert hidden == {"image": None, "width": None, "height": None, "summary": []}


def test_a_page_shows_what_is_written_for_it_small_and_large() -> None:
    for side in (32, 300):
        photos = np.random.default_rng(0).integers(0, 256, (1, side, side, 3)).astype(np.uint8)
        samples = made(photos, (side, side, 3))
        image = shown(first(samples), setting(samples))["image"]
        assert PictureBudget().take(image) == image
