"""Inputs cut into cells."""

from __future__ import annotations

import numpy as np
import pytest

from edgecomp.evaluate.attention.grid import grid_of


@pytest.mark.parametrize(
    ("shape", "photo", "cells"),
    [
        ((32, 32, 3), True, (8, 8)),
        ((224, 160, 3), True, (8, 8)),
        ((8, 8, 1), False, (8, 8)),
        ((49, 10, 1), False, (8, 8)),
        ((28, 28), True, (8, 8)),
        ((28, 28), False, (1, 16)),
        ((100, 6), False, (1, 16)),
        ((13,), False, (1, 13)),
        ((640,), False, (1, 64)),
        ((4, 4, 1), False, (4, 4)),
    ],
)
def test_every_kind_of_input_has_cells(shape: tuple[int, ...], photo: bool, cells: tuple[int, int]) -> None:
    grid = grid_of(shape, photo=photo)
    assert grid is not None
    assert grid.shape == cells


@pytest.mark.parametrize("shape", [(), (1,), (1, 5), (1, 1, 3), (4, 4, 4, 4)])
def test_what_has_no_parts_has_no_cells(shape: tuple[int, ...]) -> None:
    assert grid_of(shape, photo=False) is None


@pytest.mark.parametrize("shape", [(32, 32, 3), (30, 41, 1), (7, 9, 3), (100, 6), (13,), (640,), (3, 2, 1)])
def test_together_the_windows_cover_everything_once_or_more(shape: tuple[int, ...]) -> None:
    grid = grid_of(shape, photo=len(shape) == 3)
    assert grid is not None
    sample = np.ones(shape, np.float32)
    hidden = list(grid.covered(sample, np.zeros(())))
    assert len(hidden) == len(grid.windows)
    assert np.all(np.min(hidden, axis=0) == 0)
    assert all(0 < one.sum() < sample.size for one in hidden)
    assert np.all(sample == 1), "the sample itself is left as it is"


def test_a_cell_has_the_mean_of_the_windows_that_cover_it() -> None:
    grid = grid_of((32, 32, 3), photo=True)
    assert grid is not None
    alike = grid.by_cell(np.full(len(grid.windows), 0.25))
    assert np.allclose(alike, 0.25)
    corner = grid.by_cell(np.arange(len(grid.windows)) == 0)
    assert corner[0, 0] == 1
    assert corner[3:].sum() == corner[:, 3:].sum() == 0
