"""Product codebooks: no more entries than asked for, better with stages, and true to the components that count."""

from __future__ import annotations

import numpy as np

from edgecomp.cluster import fit_product_code

VECTORS = np.random.default_rng(0).normal(size=(600, 4))


def error(stages: int, entries: int = 16) -> float:
    code = fit_product_code(VECTORS, entries, stages=stages)
    assert [len(book) <= entries for book in code.books] == [True] * stages
    return float(np.square(code.decoded() - VECTORS).mean())


def test_each_stage_leaves_less() -> None:
    assert error(3) < 0.7 * error(2) < 0.7 * 0.7 * error(1)


def test_as_many_entries_as_vectors_leave_nothing() -> None:
    code = fit_product_code(VECTORS[:20], 64)
    np.testing.assert_allclose(code.decoded(), VECTORS[:20])


def test_components_that_count_more_are_kept_better() -> None:
    def errors(energy: np.ndarray) -> np.ndarray:
        decoded = fit_product_code(VECTORS, 16, energy=energy).decoded()
        return np.square(decoded - VECTORS).mean(axis=0)

    counted, alike = errors(np.array([100.0, 1.0, 1.0, 1.0])), errors(np.ones(4))
    assert counted[0] < 0.5 * alike[0]


def test_indices_cost_no_more_than_their_entropy() -> None:
    code = fit_product_code(np.repeat(np.eye(4), [70, 10, 10, 10], axis=0), 4)
    assert code.index_bits == np.float64(100) * -(0.7 * np.log2(0.7) + 0.3 * np.log2(0.1))
