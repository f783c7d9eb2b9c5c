"""Codebooks of integers: the best of all choices among the values that an int8 weight can have."""

from __future__ import annotations

import numpy as np

LARGEST = 127


def fit_levels(
    steps: np.ndarray, count: int, *, weights: np.ndarray | None = None, keep_zero: bool = False, largest: int = LARGEST
) -> np.ndarray:
    """The integers of least squared error, where each weight takes the nearest.

    Exact: weights are counted by the integer they are nearest to, and over so few integers dynamic programming finds
    the best partition (Wu 1991, "Optimal Quantization by Matrix Searching", without the searching). Every choice of
    levels in one dimension is a partition into intervals.

    Args:
        steps: float of any shape: weights over their scale.
        count: levels wanted, 1 to 255.
        weights: how much the squared error of each counts, of the same shape; None counts all alike.
        keep_zero: whether 0 is one of the levels.
        largest: magnitude of a level.

    Returns:
        int8 [at most `count`], ascending.
    """
    held = np.clip(steps.astype(np.float64).ravel(), -largest, largest)
    counted = np.ones(held.size) if weights is None else weights.astype(np.float64).ravel()
    place = np.rint(held).astype(int) + largest
    mass, first, second = (
        np.concatenate([[0.0], np.cumsum(np.bincount(place, counted * power, minlength=2 * largest + 1))])
        for power in (1.0, held, held * held)
    )
    cost, level = _intervals(mass, first, second, keep_zero=keep_zero)
    return np.asarray(_partition(cost, level, min(count, len(cost))), np.int8)


def _intervals(
    mass: np.ndarray, first: np.ndarray, second: np.ndarray, *, keep_zero: bool
) -> tuple[np.ndarray, np.ndarray]:
    """What it costs that the weights of each interval of integers share their best level.

    Args:
        mass, first, second: float64 [integers + 1], sums of the weights' counts, values and squares below each.
        keep_zero: whether the interval that has 0 in it gets the level 0.

    Returns:
        (cost, level): float64 and int [integers, integers + 1], from its first to before its last integer; the cost is
        infinite where the interval is empty.
    """
    integers = len(mass) - 1
    largest = integers // 2
    start, end = np.arange(integers)[:, None], np.arange(integers + 1)[None]
    count, total, squares = (one[end] - one[start] for one in (mass, first, second))
    middle = (start + end - 1) // 2 - largest
    level = np.rint(np.divide(total, count, out=middle.astype(float), where=count > 0))
    if keep_zero:
        level[(start <= largest) & (end > largest)] = 0
    cost = squares - 2 * level * total + level * level * count
    return np.where(end > start, np.maximum(cost, 0), np.inf), level.astype(int)


def _partition(cost: np.ndarray, level: np.ndarray, count: int) -> np.ndarray:
    """The levels of the cheapest partition into at most so many intervals that have weights, ascending."""
    integers = len(cost)
    best = np.full(integers + 1, np.inf)
    best[0] = 0.0
    cuts = []
    for _ in range(count):
        through = best[:-1, None] + cost
        cut = through.argmin(axis=0)
        reached = through[cut, np.arange(integers + 1)]
        better = reached < best
        cuts.append(np.where(better, cut, -1))
        best = np.where(better, reached, best)
    found: list[int] = []
    end = integers
    for step in reversed(cuts):
        if step[end] >= 0:
            found.append(int(level[step[end], end]))
            end = int(step[end])
    return np.unique(found)
