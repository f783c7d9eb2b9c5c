"""What earlier passes gave weights that training must not take away: zeros, and few distinct values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SPARSE_FROM = 0.01
"""Share of exact zeros from which they are meant: training leaves none behind by itself."""

LARGEST_CODEBOOK = 256
FEWEST_USES = 8
"""A value of a codebook is used this often on average, or else few values are just few weights."""


@dataclass(frozen=True, eq=False)
class Structure:
    """How a tensor of weights is built from what is trained.

    Args:
        start: what is trained, as it is at first: the weights themselves, or the values of their codebook.
        codes: for each weight its place in the codebook, int32 of the weights' shape; None without a codebook.
        kept: 1 where `start` may change and 0 where it stays zero; None where all may.
    """

    start: np.ndarray
    codes: np.ndarray | None = None
    kept: np.ndarray | None = None


def structure_of(weights: np.ndarray) -> Structure:
    """Finds zeros and codebooks.

    Args:
        weights: float32, any shape.
    """
    values, codes = np.unique(weights, return_inverse=True)
    kept = zeros_of(weights)
    if len(values) <= LARGEST_CODEBOOK and len(values) * FEWEST_USES <= weights.size:
        return Structure(
            values, codes.reshape(weights.shape).astype(np.int32), None if kept is None else _nonzero(values)
        )
    return Structure(weights, kept=kept)


def zeros_of(weights: np.ndarray) -> np.ndarray | None:
    """Where weights are zero and meant to stay so.

    Args:
        weights: float32, any shape.

    Returns:
        float32 of the weights' shape, 0 there and 1 elsewhere; None where no zeros are meant.
    """
    return _nonzero(weights) if SPARSE_FROM <= np.mean(weights == 0) < 1 else None


def _nonzero(values: np.ndarray) -> np.ndarray:
    kept: np.ndarray = (values != 0).astype(np.float32)
    return kept
