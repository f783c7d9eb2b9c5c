"""Codebooks of real values: k-means in one dimension, and what training needs of it.

Han et al. 2016, "Deep Compression": weights of a layer share a few values, which are then trained by the sum of their
members' gradients. Arthur & Vassilvitskii 2007, "k-means++".
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

Start = Literal["k-means++", "linear", "density"]
STARTS: tuple[str, ...] = get_args(Start)

ROUNDS = 100
"""Of Lloyd's algorithm at most; in one dimension it settles in far fewer."""


def fit_centroids(
    values: np.ndarray,
    count: int,
    *,
    weights: np.ndarray | None = None,
    start: Start = "k-means++",
    seed: int = 0,
    keep_zero: bool = False,
) -> np.ndarray:
    """The values that a tensor's weights may share, by Lloyd's algorithm.

    Args:
        values: float of any shape, not empty.
        count: how many are wanted, at least 1 (2 where zero is one of them).
        weights: how much the squared error of each counts, of the same shape; None counts all alike.
        start: where centroids are at first: far from each other by chance, evenly over the range (large weights, which
            are few, keep values of their own), or at even shares of the weights.
        seed: of k-means++.
        keep_zero: whether 0 is one of the centroids and stays there.

    Returns:
        float64 [at most `count`], ascending; fewer where there are not as many different values.
    """
    points, totals = _grouped(values, weights)
    if len(points) <= count - keep_zero:
        return np.union1d(points, [0.0]) if keep_zero else points
    free = count - keep_zero
    centroids = _started(points, totals, free, start, seed)
    sums, masses = (np.concatenate([[0.0], np.cumsum(one)]) for one in (points * totals, totals))
    for _ in range(ROUNDS):
        book = np.union1d(centroids, [0.0]) if keep_zero else np.unique(centroids)
        edges = np.searchsorted(points, (book[:-1] + book[1:]) / 2, side="right")
        ends = np.concatenate([[0], edges, [len(points)]])
        mass = np.diff(masses[ends])
        means = np.divide(np.diff(sums[ends]), mass, out=book.copy(), where=mass > 0)
        if keep_zero:
            means = means[book != 0]
        if len(means) == len(centroids) and np.array_equal(means, centroids):
            break
        centroids = means
    return np.union1d(centroids, [0.0]) if keep_zero else np.unique(centroids)


def assign(values: np.ndarray, book: np.ndarray) -> np.ndarray:
    """Which entry of a codebook is nearest to each value; the lower one where two are as near.

    Args:
        values: float of any shape.
        book: [entries], ascending, at most 256.

    Returns:
        uint8, of the values' shape.
    """
    entries = book.astype(np.float64)
    indices: np.ndarray = np.searchsorted((entries[:-1] + entries[1:]) / 2, values, side="left").astype(np.uint8)
    return indices


def _grouped(values: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Different values, ascending, and what counts for each; float64."""
    points, which = np.unique(values.astype(np.float64).ravel(), return_inverse=True)
    given = np.ones(values.size) if weights is None else weights.astype(np.float64).ravel()
    return points, np.bincount(which.ravel(), given, minlength=len(points))


def _started(points: np.ndarray, totals: np.ndarray, count: int, start: Start, seed: int) -> np.ndarray:
    if start == "linear":
        return np.linspace(points[0], points[-1], count)
    if start == "density":
        shares = np.cumsum(totals) / totals.sum()
        return np.unique(points[np.minimum(np.searchsorted(shares, (np.arange(count) + 0.5) / count), len(points) - 1)])
    rng = np.random.default_rng(seed)
    chosen = [float(rng.choice(points, p=totals / totals.sum()))]
    distance = np.square(points - chosen[0])
    while len(chosen) < count:
        odds = distance * totals
        if odds.sum() <= 0:
            break
        chosen.append(float(rng.choice(points, p=odds / odds.sum())))
        distance = np.minimum(distance, np.square(points - chosen[-1]))
    return np.sort(np.array(chosen))
