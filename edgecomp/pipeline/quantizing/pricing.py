"""Finding what a bit of a weight shall be worth: by the bits that are wanted, or by the error that is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

FIRST_PRICE = 2.0**-22
"""Of a bit, in energy of the answers' error over that of the answers: about 2.5e-7, which leaves small convolutional
networks about 3 bits a weight."""

CLOSE_BITS = 0.02
"""Bits a weight that come close enough to what is wanted."""

CLOSE_ERROR = 0.8
"""Share of the allowed error from which on no higher price is looked for."""

MOST_TRIALS = 6

OCTAVES_A_BIT = 2.0
"""Octaves of the price that a bit a weight less takes, where many bits are left: the error is four times as large."""

LARGEST_STEP = 6.0
"""Octaves between a price and the next one that is tried."""


@dataclass(frozen=True)
class Priced:
    """What a price leads to.

    Args:
        price: of a bit.
        bits: a weight takes.
        error: of the answers on samples that were held out, over their energy; None where it was not measured.
    """

    price: float
    bits: float
    error: float | None = None


def price_for_bits(attempt: Callable[[float], Priced], wanted: float) -> Priced:
    """The price at which a weight takes so many bits, nearly.

    Args:
        attempt: tries a price.
        wanted: bits a weight.

    Returns:
        what came closest.
    """
    tried = [attempt(FIRST_PRICE)]
    while len(tried) < MOST_TRIALS:
        best = min(tried, key=lambda one: abs(one.bits - wanted))
        if abs(best.bits - wanted) <= CLOSE_BITS:
            break
        following = _next_price(tried, wanted)
        if any(abs(log2(following / one.price)) < 0.01 for one in tried):
            break
        tried.append(attempt(following))
    return min(tried, key=lambda one: abs(one.bits - wanted))


def _next_price(tried: list[Priced], wanted: float) -> float:
    """By the two trials on either side of what is wanted, or by the slope from the nearest one."""
    above = [one for one in tried if one.bits >= wanted]
    below = [one for one in tried if one.bits < wanted]
    if above and below:
        high, low = min(above, key=lambda one: one.bits), max(below, key=lambda one: one.bits)
        share = (high.bits - wanted) / (high.bits - low.bits)
        return float(high.price * (low.price / high.price) ** share)
    nearest = min(tried, key=lambda one: abs(one.bits - wanted))
    return float(nearest.price * 2.0 ** _bounded(_octaves_a_bit(tried) * (nearest.bits - wanted)))


def _octaves_a_bit(tried: list[Priced]) -> float:
    """As the last two trials have it."""
    if len(tried) < 2 or tried[-1].bits == tried[-2].bits:
        return OCTAVES_A_BIT
    before, last = tried[-2:]
    return min(8.0, max(1.0, log2(last.price / before.price) / (before.bits - last.bits)))


def price_for_error(attempt: Callable[[float], Priced], allowed: float) -> Priced:
    """The highest price, nearly, at which the answers are no further off than is allowed.

    Args:
        attempt: tries a price, and measures the error.
        allowed: of the answers on held-out samples, above 0.

    Returns:
        the trial with the fewest bits of those that are allowed, or with the least error where none is.
    """
    tried = [attempt(FIRST_PRICE)]
    while len(tried) < MOST_TRIALS and not any(CLOSE_ERROR * allowed <= _error(one) <= allowed for one in tried):
        good = [one for one in tried if _error(one) <= allowed]
        bad = [one for one in tried if _error(one) > allowed]
        highest = max(good, key=lambda one: one.price, default=None)
        lowest = min(bad, key=lambda one: one.price, default=None)
        if highest is not None and lowest is not None:
            if lowest.price <= 1.1 * highest.price:
                break
            following = (highest.price * lowest.price) ** 0.5
        else:
            nearest = highest or lowest or tried[0]
            following = nearest.price * 2.0 ** _bounded(log2(0.9 * allowed / max(_error(nearest), 1e-12)))
        tried.append(attempt(following))
    good = [one for one in tried if _error(one) <= allowed]
    return min(good, key=lambda one: one.bits) if good else min(tried, key=_error)


def _error(one: Priced) -> float:
    assert one.error is not None
    return one.error


def _bounded(octaves: float) -> float:
    return max(-LARGEST_STEP, min(LARGEST_STEP, octaves))
