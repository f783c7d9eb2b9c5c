"""What a weight's value costs to send, as the transport form's entropy coder will see it.

The coder sorts weights into contexts by how large those of the same output and of the same input are, and by those
above and left of them in a kernel, and learns in each how often a value occurs (docs/transport.md). Here the same is
estimated from the values themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CONTEXTS = 16
NEIGHBOURS = 8
"""Contexts, and into how many neighbouring weights of a kernel split each."""

PRIOR = 24.0
"""How many observations the distribution over all contexts weighs in each of them."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Bits by context and level.

    Args:
        bits: float32 [contexts, levels].
        contexts: uint8 [groups, outputs, taps], of each weight.
    """

    bits: np.ndarray
    contexts: np.ndarray

    def total(self, indices: np.ndarray) -> float:
        """Bits of all weights, given the level of each: int [groups, outputs, taps]."""
        return float(self.bits[self.contexts, indices].sum(dtype=np.float64))


def prices(indices: np.ndarray, levels: np.ndarray, kernel: tuple[int, int] = (1, 1)) -> Prices:
    """Prices by how often levels occur.

    Args:
        indices: int [groups, outputs, taps], the level that each weight has.
        levels: float [levels].
        kernel: rows and columns that the taps are made of, each with all inputs; (1, 1) where neighbours say nothing.
    """
    values, count = levels[indices], len(levels)
    contexts = _by_magnitude(np.abs(values)) * NEIGHBOURS + _by_neighbours(values, kernel)
    seen = np.bincount((contexts.astype(np.intp) * count + indices).ravel(), minlength=CONTEXTS * NEIGHBOURS * count)
    seen = seen.reshape(CONTEXTS, NEIGHBOURS, count).astype(np.float64)
    overall = seen.sum(axis=(0, 1))
    # What never occurs may be worth its price once the others have settled, next to what does occur above all.
    overall += 0.5 * np.exp(-np.abs(levels) / max(4.0, float(np.abs(levels) @ overall / overall.sum())))
    by_magnitude = _shares(seen.sum(axis=1, keepdims=True), overall / overall.sum())
    bits = -np.log2(_shares(seen, by_magnitude)).reshape(-1, count)
    return Prices(bits.astype(np.float32), contexts)


def _shares(seen: np.ndarray, expected: np.ndarray) -> np.ndarray:
    counts = seen + PRIOR * expected
    shares: np.ndarray = counts / counts.sum(axis=-1, keepdims=True)
    return shares


def free(indices: np.ndarray, count: int) -> Prices:
    """No prices at all."""
    return Prices(np.zeros((1, count), np.float32), np.zeros(indices.shape, np.uint8))


def _by_magnitude(magnitudes: np.ndarray) -> np.ndarray:
    """By half octaves of the mean magnitude along both axes; groups are outputs as any others: uint8."""
    usual = _half_octaves(magnitudes.mean())
    by_output = _half_octaves(magnitudes.mean(axis=2, keepdims=True)) - usual
    by_tap = _half_octaves(magnitudes.mean(axis=(0, 1), keepdims=True)) - usual
    found: np.ndarray = np.clip(by_output + by_tap + CONTEXTS // 2, 0, CONTEXTS - 1).astype(np.uint8)
    return found


def _by_neighbours(values: np.ndarray, kernel: tuple[int, int]) -> np.ndarray:
    """By sign and octave of the sum of those above and left in the kernel: uint8; the first of each has its own."""
    if kernel == (1, 1):
        return np.zeros(values.shape, np.uint8)
    taps = values.reshape(*values.shape[:2], *kernel, -1)
    near = np.zeros_like(taps)
    near[:, :, 1:] += taps[:, :, :-1]
    near[:, :, :, 1:] += taps[:, :, :, :-1]
    octaves = np.clip(np.sign(near) * np.rint(np.log2(1 + np.abs(near))), -3, 3)
    found: np.ndarray = (octaves + 3).astype(np.uint8)
    found[:, :, 0, 0] = NEIGHBOURS - 1
    return found.reshape(values.shape)


def _half_octaves(means: np.ndarray) -> np.ndarray:
    octaves: np.ndarray = np.rint(2 * np.log2(means + 0.05)).astype(int)
    return octaves


def entropy(symbols: np.ndarray) -> float:
    """Bits of symbols, of any shape, that differ in nothing but how often they occur."""
    counts = np.unique(symbols, return_counts=True)[1]
    return float(-(counts * np.log2(counts / counts.sum())).sum())
