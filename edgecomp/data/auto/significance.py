"""Is a difference more than chance? Exact tests on paired answers."""

from __future__ import annotations

import math

import numpy as np


def sign_test(wins: int, losses: int) -> float:
    """Probability of a split as uneven as this or more, were wins and losses equally likely: the exact two-sided sign
    test, which on pairs of right and wrong answers is McNemar's exact test.

    Args:
        wins: pairs in which the first was better.
        losses: pairs in which the second was better.
    """
    pairs, fewer = wins + losses, min(wins, losses)
    tail, splits = 0, 1  # each binomial coefficient from the last: from nothing, thousands of them take seconds
    for k in range(fewer + 1):
        tail += splits
        splits = splits * (pairs - k) // (k + 1)
    return min(1.0, float(2 * tail / 2**pairs))


def above_chance(right: int, count: int, chance: float) -> float:
    """Probability of so many right answers or more by guessing.

    Args:
        right: right answers.
        count: all answers.
        chance: of guessing one right.
    """
    return float(sum(math.comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(right, count + 1)))


def standard_errors(differences: np.ndarray) -> float:
    """How many standard errors the mean of paired differences is above 0.

    Args:
        differences: float64, shape [n], of two or more pairs.
    """
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    return mean / (spread / math.sqrt(len(differences))) if spread else math.copysign(math.inf, mean) if mean else 0.0
