"""Areas under curves, held against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.evaluate.metrics.multilabel import multilabel_figures
from edgecomp.evaluate.metrics.ranking import average_precision, partial_auc, roc_auc

sklearn = pytest.importorskip("sklearn.metrics")

# Few levels give ties; floats give extremes.
LEVELS = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6, width=32))
PAIRS = st.lists(st.tuples(st.integers(0, 1), LEVELS), min_size=2, max_size=50)


@settings(max_examples=40)
@given(PAIRS, st.floats(0.01, 1))
def test_areas_are_scikit_learns(pairs: list[tuple[int, float]], most: float) -> None:
    labels, scores = (np.array(column) for column in zip(*pairs, strict=True))
    if len(np.unique(labels)) < 2:
        assert roc_auc(labels, scores) is None
        assert partial_auc(labels, scores, most) is None
        return
    assert roc_auc(labels, scores) == pytest.approx(sklearn.roc_auc_score(labels, scores), abs=1e-12)
    assert partial_auc(labels, scores, most) == pytest.approx(
        sklearn.roc_auc_score(labels, scores, max_fpr=most), abs=1e-9
    )
    assert average_precision(labels, scores) == pytest.approx(sklearn.average_precision_score(labels, scores))


def test_nothing_to_find_is_nought() -> None:
    assert average_precision(np.zeros(3), np.arange(3.0)) == 0.0
    assert average_precision(np.zeros(0), np.zeros(0)) == 0.0
    assert roc_auc(np.zeros(0), np.zeros(0)) is None


@settings(max_examples=40)
@given(st.integers(1, 20), st.integers(1, 4), st.integers(0, 10**6), st.floats(0, 1))
def test_multilabel_figures_are_scikit_learns(n: int, width: int, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    targets, scores = rng.random((n, width)) < share, rng.integers(0, 9, (n, width)) / 8
    found, answers = multilabel_figures(targets, scores), scores > 0.5
    assert found.micro_f1 == pytest.approx(sklearn.f1_score(targets.ravel(), answers.ravel(), zero_division=0))
    # scikit-learn takes a single column for two classes, and not for one label.
    by_label = [sklearn.f1_score(targets[:, one], answers[:, one], zero_division=0) for one in range(width)]
    assert np.allclose(found.f1, by_label)
    assert found.macro_f1 == pytest.approx(np.mean(by_label))
    assert found.exact_match == pytest.approx(np.mean((targets == answers).all(axis=1)))
    assert found.wrong_labels == pytest.approx(sklearn.hamming_loss(targets, answers))
    there = [one for one in range(width) if targets[:, one].any()]
    wanted = [sklearn.average_precision_score(targets[:, one], scores[:, one]) for one in there]
    assert found.mean_average_precision == (pytest.approx(np.mean(wanted)) if wanted else None)
