"""Choosing an entry of a codebook for each few neighbouring weights.

As `choose` does for single weights: a sub-vector at a time takes the entry whose error costs least, given that the
weights still to come make up for what can be made up for, and then they are moved to do so (van Baalen et al. 2024,
"GPTVQ").
"""

from __future__ import annotations

import numpy as np

from ..mend.moments import Quadratic

_PART = 1 << 22
"""Distances held at once."""


def choose_entries(error: Quadratic, book: np.ndarray) -> np.ndarray:
    """The entry for each sub-vector of successive taps.

    Args:
        error: of a layer of one group, with a number of taps that the entries' length divides.
        book: float32 [entries, length], in the units of the error's weights.

    Returns:
        int [outputs, taps / length].
    """
    gram = error.gram[0].astype(np.float64)
    length = book.shape[1]
    moving = np.linalg.solve(gram, error.pull[0].T.astype(np.float64)).T
    outputs, taps = moving.shape
    inverse = np.linalg.inv(gram)
    chosen = np.empty((outputs, taps // length), np.intp)
    for first in range(0, taps, length):
        here, later = slice(first, first + length), slice(first + length, taps)
        # The error that is left when all later weights have made up for it, as a quadratic form of this sub-vector's.
        curvature = np.linalg.inv(inverse[here, here])
        chosen[:, first // length] = _nearest(moving[:, here], book.astype(np.float64), curvature)
        missed = moving[:, here] - book[chosen[:, first // length]]
        passed_on = curvature @ inverse[here, later]
        moving[:, later] -= missed @ passed_on
        inverse[later, later] -= inverse[later, here] @ passed_on
    return chosen


def _nearest(vectors: np.ndarray, book: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """The entry of least `(vector - entry)' curvature (vector - entry)` for each vector: int [n]."""
    found = np.empty(len(vectors), np.intp)
    own = np.einsum("ei,ij,ej->e", book, curvature, book)
    rows = max(1, _PART // len(book))
    for start in range(0, len(vectors), rows):
        part = slice(start, start + rows)
        found[part] = (own - 2 * vectors[part] @ curvature @ book.T).argmin(axis=1)
    return found
