"""An augmentation is used only where the network itself keeps its answers under it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgecomp.train.augmentation import Augmentation, augmented, drawn_views
from edgecomp.train.augmentation_choice import choose_augmentation
from edgecomp.train.heads import Head
from edgecomp.train.step import Reader, make_look

from .networks import classifier, corners, examples_of, regressor


def _chosen(model: Any, data: Any, *, task: Any = "classes") -> Augmentation:
    examples = examples_of(model, data, kind="classification" if task == "classes" else "values")
    look = make_look(Reader(model, [Head(task)], (task == "classes",)))
    return choose_augmentation(look, Head(task), examples, np.arange(len(examples)), 0)


def test_a_network_that_tells_left_from_right_gets_no_mirrored_photos(teacher: Any) -> None:
    chosen = _chosen(teacher, corners(200)[0])
    assert not chosen.mirror
    assert chosen.shift > 0


def test_a_network_that_tells_bright_from_dark_gets_mirrored_and_shifted_ones() -> None:
    model = classifier(classes=2)
    kernel, bias = np.zeros((128, 2), np.float32), np.array([0, -64 * 0.5], np.float32)
    model.get_layer("conv").set_weights([np.pad(np.ones((1, 1, 1, 8), np.float32), ((1, 1), (1, 1), (0, 0), (0, 0)))])
    kernel[:, 1] = 0.5
    model.get_layer("scores").set_weights([kernel, bias])
    photos = np.concatenate([np.full((50, 8, 8, 1), 40), np.full((50, 8, 8, 1), 220)]).astype(np.uint8)
    photos += np.random.default_rng(0).integers(0, 20, photos.shape).astype(np.uint8)
    assert _chosen(model, photos) == Augmentation(1 / 8, mirror=True)


def test_a_network_that_knows_nothing_is_not_asked() -> None:
    assert not _chosen(classifier(), corners(200))


def test_values_and_rows_get_none() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    assert not _chosen(regressor(), rows, task="values")


@given(
    photos=arrays.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.just(2))),
    shift=st.floats(0, 0.9),
    mirror=st.booleans(),
    seed=st.integers(0, 9),
)
def test_views_hold_only_values_that_the_photo_has(photos: np.ndarray, shift: float, mirror: bool, seed: int) -> None:
    rows = np.arange(len(photos))
    drawn = drawn_views(len(photos), np.random.default_rng(seed))
    views, same = augmented([photos, rows], [True, False], Augmentation(shift, mirror), drawn)
    assert same is rows
    assert views.shape == photos.shape
    assert views.dtype == photos.dtype
    for photo, view in zip(photos, views, strict=True):
        assert {tuple(pixel) for pixel in view.reshape(-1, 2)} <= {tuple(pixel) for pixel in photo.reshape(-1, 2)}


def test_a_shift_moves_by_whole_pixels_and_reflects_at_the_edge() -> None:
    row = np.arange(6, dtype=np.uint8).reshape(1, 1, 6, 1)

    (view,) = augmented([row], [True], Augmentation(shift=1 / 3), np.ones((1, 3), np.float32))
    assert view.reshape(-1).tolist() == [2, 3, 4, 5, 4, 3]
