"""The Swift preprocessing, run by a small reader of Swift: it prepares photos as the device package does."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.contract import ImageContract
from edgecomp_runtime.preprocess import prepare

from edgecomp.app_export.render import app_files
from edgecomp.app_export.source import AppSource, read_app_source

from ...browser.phone_bundles import convolution, write_bundle
from .swift_subset import run_swift


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> AppSource:
    return read_app_source(write_bundle(tmp_path_factory.mktemp("bundle") / "bundle.zip", convolution()))


def prepared(source: AppSource, photo: np.ndarray, slip: tuple[str, str] = ("", "")) -> np.ndarray:
    """What the exported Swift makes of a photo, with a slip in it."""
    code = app_files(source, "ios")["Preprocessing.swift"].decode().replace(*slip)
    height, width, channels = photo.shape
    picture = SimpleNamespace(width=width, height=height, channels=channels, data=[int(one) for one in photo.ravel()])
    return np.array(run_swift(code)["Preprocessing"]["prepare"](picture))


def case(source: AppSource, number: int) -> tuple[AppSource, np.ndarray]:
    """Every colour, fit and filter in turn, in sizes at random."""
    random = np.random.default_rng(number)
    color = ("rgb", "bgr", "gray")[number % 3]
    fit, resample = (
        ("stretch", "crop", "pad")[number // 3 % 3],
        ("nearest", "bilinear", "bicubic", "lanczos")[number % 4],
    )
    height, width = (int(one) for one in random.integers(1, 14, 2))
    image = ImageContract(height, width, color, fit, resample)
    channels = 1 if color == "gray" else 3
    mean = tuple(float(one) for one in random.uniform(0, 200, channels if number % 2 else 1))
    std = tuple(float(one) for one in random.uniform(0.5, 255, channels if number % 5 else 1))
    contract = replace(source.input, shape=(1, height, width, channels), mean=mean, std=std, image=image)
    size = random.integers(1, 24, 2)
    photo = random.integers(0, 256, (*size, (1, 3)[number % 7 > 0]), dtype=np.uint8)
    changes: dict[str, Any] = {"image": image, "input": contract}
    return replace(source, **changes), photo


@pytest.mark.parametrize("number", range(36))
def test_photos_are_prepared_as_on_the_device(source: AppSource, number: int) -> None:
    changed, photo = case(source, number)
    found = prepared(changed, photo)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, prepare(changed.input, photo).ravel())


@pytest.mark.parametrize(
    "slip",
    [
        ("19595 * red", "19595 * blue"),
        ("(Double(place) + 0.5)", "Double(place)"),
        ("(1.5 * d - 2.5)", "(1.5 * d - 2.4)"),
        (") / 2", ")"),
    ],
)
def test_a_slip_would_be_found(source: AppSource, slip: tuple[str, str]) -> None:
    differs = False
    for number in (2, 5, 11, 23):  # grey, cropped and padded, with three filters
        changed, photo = case(source, number)
        try:
            differs |= not np.array_equal(prepared(changed, photo, slip), prepare(changed.input, photo).ravel())
        except (AssertionError, IndexError, ValueError):
            differs = True
    assert differs
