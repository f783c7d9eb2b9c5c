"""Two classifiers on the same samples: is the one worse, by how much, and how many samples would tell."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...data.auto.significance import sign_test
from ..metrics import wilson_interval

SIGNIFICANT = 0.05
MOST_SAMPLES = 10_000_000


@dataclass(frozen=True)
class Paired:
    """A comparison on the same samples.

    Args:
        n: samples.
        both: right by both.
        lost: right by the reference, wrong by the other.
        won: the other way round.
        drop: share of right answers that is lost, -1 to 1.
        low: where the drop most likely lies (95%).
        high: likewise.
        p: how probable a split as uneven as this would be, were neither better: McNemar's exact test.
    """

    n: int
    both: int
    lost: int
    won: int
    drop: float
    low: float
    high: float
    p: float

    @property
    def significant(self) -> bool:
        """Whether chance is an unlikely explanation of the difference."""
        return self.p < SIGNIFICANT


def compare_answers(reference_right: np.ndarray, right: np.ndarray) -> Paired:
    """Compares the answers of two classifiers to the same samples.

    Args:
        reference_right: bool [n], n at least 1.
        right: bool [n], of the other one.
    """
    n = len(right)
    lost, won = int((reference_right & ~right).sum()), int((right & ~reference_right).sum())
    both = int((reference_right & right).sum())
    low, high = difference_interval(both, lost, won, n)
    return Paired(n, both, lost, won, (lost - won) / n, low, high, sign_test(won, lost))


def difference_interval(both: float, only_first: float, only_second: float, n: int) -> tuple[float, float]:
    """Where the difference of two shares on the same samples most likely lies (95%).

    The score interval for paired shares: R. G. Newcombe, "Improved confidence intervals for the difference between
    binomial proportions based on paired data", 1998, method 10.

    Args:
        both: samples that both have right; need not be whole, where a size of a set is being planned.
        only_first: those that only the first has right.
        only_second: those that only the second has right.
        n: samples, at least 1.
    """
    neither = n - both - only_first - only_second
    first, second = both + only_first, both + only_second
    difference = (only_first - only_second) / n
    phi = _correlation(both, only_first, only_second, neither)
    (first_low, first_high), (second_low, second_high) = (_wilson(one, n) for one in (first, second))
    down, up = first / n - first_low, second_high - second / n
    reach_low = math.sqrt(max(0.0, down**2 - 2 * phi * down * up + up**2))
    up, down = first_high - first / n, second / n - second_low
    reach_high = math.sqrt(max(0.0, up**2 - 2 * phi * up * down + down**2))
    return max(-1.0, difference - reach_low), min(1.0, difference + reach_high)


def samples_to_resolve(paired: Paired, budget: float) -> int | None:
    """How many samples would put the interval on one side of a budget, if the shares of answers stay as they are.

    Args:
        paired: what was seen.
        budget: the share of right answers that may be lost, 0 to 1.

    Returns:
        None where millions would not do: the drop is the budget itself, or all but.
    """
    enough = 1
    while not _resolves(paired, enough, budget):
        enough *= 2
        if enough > MOST_SAMPLES:
            return None
    short = enough // 2
    while enough - short > 1:
        middle = (enough + short) // 2
        short, enough = (short, middle) if _resolves(paired, middle, budget) else (middle, enough)
    return enough


def _resolves(paired: Paired, n: int, budget: float) -> bool:
    """Whether the interval at another number of samples lies on one side of the budget."""
    times = n / paired.n
    low, high = difference_interval(paired.both * times, paired.lost * times, paired.won * times, n)
    return high <= budget or low > budget


def _wilson(right: float, n: int) -> tuple[float, float]:
    """Wilson's interval, from 0 to 1 however the counts were scaled."""
    low, high = wilson_interval(min(right, n), n)
    return min(low, right / n), max(high, min(right / n, 1.0))


def _correlation(both: float, only_first: float, only_second: float, neither: float) -> float:
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if margins <= 0:
        return 0.0
    product = float(both * neither - only_first * only_second)
    if product > 0:  # Newcombe's correction
        product = max(product - (both + only_first + only_second + neither) / 2, 0)
    return product / math.sqrt(margins)
