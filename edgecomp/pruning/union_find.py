"""Sets of numbers that are one and the same."""

from __future__ import annotations

import numpy as np


class Unions:
    """Numbers, and which of them are one. Unions are gathered and resolved together, whole arrays at a time."""

    def __init__(self) -> None:
        self._count = 0
        self._left: list[np.ndarray] = []
        self._right: list[np.ndarray] = []

    def add(self, count: int) -> np.ndarray:
        """New numbers, each by itself: int64 [count]."""
        self._count += count
        return np.arange(self._count - count, self._count, dtype=np.int64)

    def unite(self, left: np.ndarray, right: np.ndarray) -> None:
        """Makes the numbers of two arrays (shapes that broadcast) one, position by position."""
        left, right = np.broadcast_arrays(left, right)
        self._left.append(left.ravel())
        self._right.append(right.ravel())

    def roots(self) -> np.ndarray:
        """For each number the smallest that is one with it: int64 [count].

        Every round hands the smaller root across all unions and then halves the paths (Shiloach and Vishkin, "An
        O(log n) parallel connectivity algorithm", 1982).
        """
        parents = np.arange(self._count, dtype=np.int64)
        if not self._left:
            return parents
        left, right = np.concatenate(self._left), np.concatenate(self._right)
        while True:
            left, right = parents[left], parents[right]
            open_unions = left != right
            if not open_unions.any():
                return parents
            left, right = left[open_unions], right[open_unions]
            np.minimum.at(parents, np.maximum(left, right), np.minimum(left, right))
            while (parents != parents[parents]).any():
                parents = parents[parents]
