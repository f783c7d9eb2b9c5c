"""How much two maps have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STEP = 1 / 256
"""What an int8 softmax can tell apart: scores that fall by less have fallen alike."""

TOP_SHARE = 0.2
"""Of the cells; the ones that matter most."""


@dataclass(frozen=True)
class Similarity:
    """What two maps have in common.

    Args:
        rank_correlation: Spearman's, of all cells, -1 to 1; 0 where one map is the same everywhere and the other is
            not, None where both are.
        overlap: of the fifth of the cells that matter most, those that both have among those that either has
            (intersection over union), 0 to 1; None where nothing matters in either.
    """

    rank_correlation: float | None
    overlap: float | None


def similarity(one: np.ndarray, other: np.ndarray, *, step: float = STEP) -> Similarity:
    """Compares two maps of the same cells.

    Args:
        one: how much each cell matters, of any shape.
        other: likewise, on the same scale or another.
        step: what is told apart; differences below it are none.
    """
    first, second = (np.rint(values.reshape(-1) / step) for values in (one, other))
    return Similarity(_rank_correlation(first, second), _overlap(first, second))


def mean_similarity(pairs: Sequence[Similarity]) -> Similarity:
    """The mean of those that are known."""
    ranks = [one.rank_correlation for one in pairs if one.rank_correlation is not None]
    overlaps = [one.overlap for one in pairs if one.overlap is not None]
    return Similarity(float(np.mean(ranks)) if ranks else None, float(np.mean(overlaps)) if overlaps else None)


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Pearson's correlation of the ranks, equal values sharing the mean of theirs."""
    first, second = (_ranks(values) - (len(values) - 1) / 2 for values in (one, other))
    if not (first.any() or second.any()):
        return None
    size = float(np.sqrt(np.sum(first**2) * np.sum(second**2)))
    return float(np.clip(np.sum(first * second) / size, -1, 1)) if size else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count + 1) / 2)[place], np.float64)


def _overlap(one: np.ndarray, other: np.ndarray) -> float | None:
    first, second = _top(one), _top(other)
    either = int((first | second).sum())
    return float((first & second).sum() / either) if either else None


def _top(values: np.ndarray) -> np.ndarray:
    """Which cells matter most, bool; more than a fifth where several matter alike, none that does not matter."""
    count = max(1, round(TOP_SHARE * len(values)))
    return np.asarray((values >= np.sort(values)[-count]) & (values > 0))
