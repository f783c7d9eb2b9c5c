"""Adaptive symbol frequencies: what encoder and decoder both expect next, given what both have seen.

Everything is derived in integers, or in floats by operations that IEEE 754 rounds exactly, so that a workstation and a
board build the same tables. Counts are refreshed between chunks, not between symbols: within a chunk the tables stand
still, and thousands of symbols are coded at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Union

import numpy as np

# Frequencies of one context add up to 2 ** PRECISION.
PRECISION = 14
FULL = 1 << PRECISION
# What one observed symbol adds to its count; priors count in the same unit.
OBSERVED = 64
FIRST_CHUNK, LAST_CHUNK = 16, 1 << 15
# A spread beyond any alphabet: all symbols are equally likely.
FLAT = 48
_SQRT2 = 1.4142135623730951


def prior(alphabet: int, centre: Union[int, np.ndarray], spreads: np.ndarray, strength: int) -> np.ndarray:
    """Counts before anything was seen: a Student-t curve (7 degrees of freedom) per context.

    Args:
        alphabet: number of symbols, 1 to 256.
        centre: the symbol at the peak, of all contexts or int [contexts] of each.
        spreads: int [contexts], widths in half octaves: 2 ** (spread / 2 - 2) symbols.
        strength: log2 of how many observations the prior weighs.

    Returns:
        int64 [contexts, alphabet].
    """
    distance = np.arange(alphabet, dtype=np.float64) - np.reshape(centre, (-1, 1))
    widths = np.array([math.ldexp(_SQRT2 if one % 2 else 1.0, int(one) // 2 - 2) for one in spreads])[:, None]
    tail = 1.0 + distance * distance / (7.0 * widths * widths)
    curve = (float(1 << 24) / (tail * tail * tail * tail)).astype(np.int64) + 1
    counts: np.ndarray = curve * (OBSERVED << strength) // curve.sum(axis=1, keepdims=True)
    return counts + 1


def chunks(count: int) -> Iterator[tuple[int, int]]:
    """Where each chunk of `count` symbols starts and ends: each is half as long as all before it."""
    start = 0
    while start < count:
        stop = min(count, start + min(max(FIRST_CHUNK, start // 2), LAST_CHUNK))
        yield start, stop
        start = stop


class Frequencies:
    """The tables of one array of symbols.

    Attributes:
        frequency: uint32 [contexts * alphabet], each at least 1.
        start: uint32 [contexts * alphabet], the sum of the frequencies before it in its context.
    """

    def __init__(self, counts: np.ndarray) -> None:
        self.contexts, self.alphabet = counts.shape
        self._counts = counts
        self._refresh()

    def observe(self, keys: np.ndarray) -> None:
        """Learns from a chunk.

        Args:
            keys: int, `context * alphabet + symbol` of each symbol.
        """
        seen = np.bincount(keys, minlength=self._counts.size).reshape(self._counts.shape)
        self._counts = self._counts + OBSERVED * seen
        self._refresh()

    def _refresh(self) -> None:
        totals = self._counts.sum(axis=1, keepdims=True)
        frequency = 1 + self._counts * (FULL - self.alphabet) // totals
        frequency[np.arange(self.contexts), self._counts.argmax(axis=1)] += FULL - frequency.sum(axis=1)
        self.frequency = frequency.ravel().astype(np.uint32)
        self.start = (np.cumsum(frequency, axis=1) - frequency).ravel().astype(np.uint32)

    def symbols(self) -> np.ndarray:
        """uint8 [contexts * FULL]: the symbol that each slot of a context's range stands for."""
        names = np.tile(np.arange(self.alphabet, dtype=np.uint8), self.contexts)
        return np.repeat(names, self.frequency.astype(np.intp))
