"""Regression and segmentation, held against scikit-learn's figures."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.evaluate.metrics.regression import regression_figures, residuals
from edgecomp.evaluate.metrics.segmentation import (
    intersection_over_union,
    mean_iou,
    pixel_accuracy,
    pixel_confusion,
)

sklearn = pytest.importorskip("sklearn.metrics")


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(-1e3, 1e3, width=32), st.floats(-1e3, 1e3, width=32)), min_size=1, max_size=4),
        min_size=2,
        max_size=20,
    )
)
def test_regression_figures_are_scikit_learns(samples: list[list[tuple[float, float]]]) -> None:
    rows = np.array(
        [astuple(residuals(np.array([a for a, _ in one]), np.array([b for _, b in one]))) for one in samples]
    )
    given_values = np.array([a for one in samples for a, _ in one])
    wanted = np.array([b for one in samples for _, b in one])
    found = regression_figures(rows)
    assert found["mse"] == pytest.approx(sklearn.mean_squared_error(wanted, given_values), rel=1e-9, abs=1e-12)
    assert found["rmse"] == pytest.approx(sklearn.root_mean_squared_error(wanted, given_values), rel=1e-9, abs=1e-9)
    assert found["mae"] == pytest.approx(sklearn.mean_absolute_error(wanted, given_values), rel=1e-9, abs=1e-12)
    assert found["max_error"] == pytest.approx(sklearn.max_error(wanted, given_values))
    assert found["bias"] == pytest.approx(np.mean(given_values - wanted), abs=1e-9)
    scatter = float(np.square(wanted - wanted.mean()).sum())
    if scatter > 1e-6:
        assert found["r2"] == pytest.approx(sklearn.r2_score(wanted, given_values), rel=1e-6, abs=1e-6)


def test_values_that_do_not_scatter_have_no_explained_share() -> None:
    rows = np.array([astuple(residuals(np.array([1.0]), np.array([2.0])))] * 3)
    assert regression_figures(rows)["r2"] is None


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 60))
def test_intersection_over_union_is_scikit_learns_jaccard(seed: int, used: int, pixels: int) -> None:
    rng = np.random.default_rng(seed)
    labels, answers = rng.integers(0, used, pixels), rng.integers(0, used, pixels)
    confusion = pixel_confusion(labels, answers, 4)
    wanted = sklearn.jaccard_score(labels, answers, labels=range(4), average=None, zero_division=0)
    there = np.isin(range(4), np.union1d(labels, answers))
    found = intersection_over_union(confusion)
    assert np.array_equal(np.isnan(found), ~there)
    assert np.allclose(found[there], wanted[there])
    assert mean_iou(confusion) == pytest.approx(wanted[there].mean())
    assert pixel_accuracy(confusion) == pytest.approx(np.mean(labels == answers))


def test_ignored_pixels_count_for_nothing() -> None:
    confusion = pixel_confusion(np.array([0, 255, 1, -1]), np.array([0, 1, 1, 0]), 2)
    assert confusion.tolist() == [[1, 0], [0, 1]]
    nothing = pixel_confusion(np.array([255]), np.array([0]), 2)
    assert (mean_iou(nothing), pixel_accuracy(nothing)) == (None, None)
