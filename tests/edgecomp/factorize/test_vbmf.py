"""The rank that stands out from noise."""

from __future__ import annotations

import numpy as np
import pytest

from edgecomp.factorize.vbmf import bayesian_rank


@pytest.mark.parametrize("shape", [(40, 40), (40, 200), (200, 40)])
@pytest.mark.parametrize("rank", [1, 5, 12])
def test_a_planted_rank_is_found(shape: tuple[int, int], rank: int) -> None:
    random = np.random.default_rng(rank)
    clean = random.normal(size=(shape[0], rank)) @ random.normal(size=(rank, shape[1]))
    assert bayesian_rank(clean + 0.3 * random.normal(size=shape)) == rank
    assert bayesian_rank(1e-6 * (clean + 0.3 * random.normal(size=shape))) == rank


def test_noise_has_no_rank() -> None:
    assert bayesian_rank(np.random.default_rng(0).normal(size=(60, 90))) == 0


@pytest.mark.parametrize("matrix", [np.zeros((4, 5)), np.ones((1, 1)), np.ones((1, 6)), np.eye(2), np.ones((3, 1))])
def test_the_smallest_matrices_have_an_answer(matrix: np.ndarray) -> None:
    assert 0 <= bayesian_rank(matrix) <= min(matrix.shape)
