"""Maps held against each other, and against SciPy's rank correlation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgecomp.evaluate.attention.similarity import similarity
from edgecomp.evaluate.attention.verdict import likeness, likeness_words

MAPS = arrays.arrays(np.float64, (4, 5), elements=st.integers(-6, 6).map(float))


@given(MAPS, MAPS)
def test_the_rank_correlation_is_scipys(one: np.ndarray, other: np.ndarray) -> None:
    stats = pytest.importorskip("scipy.stats")
    found = similarity(one, other, step=1.0).rank_correlation
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        assert found == (None if np.ptp(one) == np.ptp(other) else 0)
    else:
        assert found == pytest.approx(stats.spearmanr(one.ravel(), other.ravel()).statistic, abs=1e-12)


@given(MAPS)
def test_a_map_is_like_itself_on_any_scale(one: np.ndarray) -> None:
    found = similarity(one, 3 * one, step=0.01)
    assert found.rank_correlation == (None if np.ptp(one) == 0 else pytest.approx(1.0))
    assert found.overlap == (1.0 if (one > 0).any() else None)


@given(MAPS, MAPS)
def test_which_map_comes_first_does_not_matter(one: np.ndarray, other: np.ndarray) -> None:
    assert similarity(one, other) == similarity(other, one)


def test_opposite_maps_have_nothing_in_common() -> None:
    rising = np.arange(1.0, 26).reshape(5, 5)
    found = similarity(rising, rising[::-1, ::-1])
    assert found.rank_correlation == pytest.approx(-1)
    assert found.overlap == 0


def test_what_an_integer_output_cannot_tell_apart_is_no_difference() -> None:
    coarse = np.zeros((8, 8))
    coarse[2, 2:5] = [0.5, 0.25, 0.125]
    fine = coarse + np.random.default_rng(0).uniform(-0.0015, 0.0015, (8, 8))
    assert similarity(coarse, fine).rank_correlation == pytest.approx(1)


def test_chance_is_what_maps_of_different_samples_have_in_common() -> None:
    rng = np.random.default_rng(0)
    maps = [rng.random((8, 8)) for _ in range(6)]
    found = likeness(maps, [one + 0.02 * rng.random((8, 8)) for one in maps])
    assert found.mean.rank_correlation is not None
    assert found.mean.rank_correlation > 0.95
    assert found.chance.rank_correlation is not None
    assert abs(found.chance.rank_correlation) < 0.2
    assert likeness_words(found).startswith("Both look at the same parts")
    assert "on 6 samples" in likeness_words(found)
    others = likeness(maps, maps[1:] + maps[:1])
    assert likeness_words(others).startswith("They do not look at the same parts")


def test_maps_where_nothing_matters_tell_nothing() -> None:
    found = likeness([np.zeros((8, 8))], [np.zeros((8, 8))])
    assert (found.mean.rank_correlation, found.mean.overlap, found.chance.rank_correlation) == (None, None, None)
    assert likeness_words(found).startswith("No part on 1 sample matters enough")
