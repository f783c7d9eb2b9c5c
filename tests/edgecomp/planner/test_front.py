"""Fronts and the space they dominate, against the definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.planner.front import dominates, front, hypervolume

POINTS = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.tuples(*[st.integers(0, 5)] * width), min_size=1, max_size=8)
)


@given(POINTS)
def test_a_front_beats_all_others_and_none_of_itself(points: list) -> None:
    chosen = front(points)

    assert not any(dominates(points[a], points[b]) for a, b in itertools.permutations(chosen, 2))
    for place, point in enumerate(points):
        assert place in chosen or any(dominates(points[one], point) or points[one] == point for one in chosen)


@given(POINTS)
def test_the_volume_is_that_of_the_cells_that_some_point_dominates(points: list) -> None:
    width = len(points[0])
    cells = itertools.product(range(6), repeat=width)

    dominated = sum(any(all(p <= c for p, c in zip(point, cell, strict=True)) for point in points) for cell in cells)

    assert hypervolume(points, [6] * width) == pytest.approx(dominated)


def test_points_beyond_the_reference_add_nothing() -> None:
    assert hypervolume([(2.0, 2.0)], (1.0, 3.0)) == 0
    assert hypervolume([(0.5, 1.0), (2.0, 0.0)], (1.0, 3.0)) == pytest.approx(1.0)


def test_the_volume_agrees_with_counting_random_points() -> None:
    random = np.random.default_rng(0)
    points = random.random((20, 3))
    thrown = random.random((20_000, 3))

    share = np.mean([(points <= one).all(axis=1).any() for one in thrown])

    assert hypervolume(points.tolist(), (1.0, 1.0, 1.0)) == pytest.approx(share, abs=0.02)
