"""Least squares without negative coefficients: a kernel that takes negative time per element means nothing."""

from __future__ import annotations

import numpy as np

_TOLERANCE = 1e-9
_RIDGE = 1e-11
"""Of the products' diagonal, so that columns that are multiples of each other can be solved for."""


def nonnegative_least_squares(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The vector x >= 0 for which |matrix @ x - target| is least.

    The active-set method of Lawson and Hanson ("Solving Least Squares Problems", 1974, chapter 23), on the products of
    the columns as by Bro and de Jong ("A fast non-negativity-constrained least squares algorithm", 1997), since they
    are many times smaller than the equations.

    Args:
        matrix: float64 [equations, unknowns].
        target: float64 [equations].

    Returns:
        float64 [unknowns].
    """
    count = matrix.shape[1]
    scale = np.linalg.norm(matrix, axis=0)
    scale[scale == 0] = 1
    scaled = matrix / scale
    products = scaled.T @ scaled + _RIDGE * np.eye(count)
    towards = scaled.T @ target
    found, free = np.zeros(count), np.zeros(count, bool)
    least = _TOLERANCE * max(1.0, float(np.abs(towards).max(initial=0)))
    # Each step frees one unknown; rounding can make the same one come and go, which the bound ends.
    for _ in range(3 * count):
        gradient = np.where(free, -np.inf, towards - products @ found)
        best = int(np.argmax(gradient))
        if gradient[best] <= least:
            break
        free[best] = True
        found, free = _towards_solution(products, towards, found, free)
    return np.asarray(found / scale)


def _towards_solution(
    products: np.ndarray, towards: np.ndarray, found: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solves for the free unknowns; those that would become negative are fixed at 0, and the rest solved again."""
    free = free.copy()
    while free.any():
        places = np.flatnonzero(free)
        solved = np.zeros_like(found)
        solved[places] = np.linalg.solve(products[np.ix_(places, places)], towards[places])
        negative = free & (solved <= 0)
        if not negative.any():
            return solved, free
        steps = found[negative] / (found[negative] - solved[negative])
        found = found + np.nan_to_num(steps).min() * (solved - found)
        free &= ~(negative & (found <= 1e-12 * max(1.0, float(found.max()))))
        found = np.where(free, found, 0.0)
    return np.zeros_like(found), free
