"""Contexts from neighbours: the taps of a convolution's kernel are alike, so those that are known tell of the next.

A tensor [outputs, rows, columns, inputs] is coded tap by tap, in the order of rows and columns; all weights of a tap at
once, each in the context of what lies above and left of it in its own kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

import numpy as np

from .plan import Taps, Weights


def in_order(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """(row, column) of each tap of a tensor [outputs, rows, columns, inputs]."""
    return ((row, column) for row in range(shape[1]) for column in range(shape[2]))


def tap_contexts(
    symbols: np.ndarray, row: int, column: int, array: Weights, taps: Taps, groups: Optional[np.ndarray]
) -> np.ndarray:
    """uint8 [outputs * inputs]: the context of each weight of a tap.

    Args:
        symbols: uint8 [outputs, rows, columns, inputs], those before this tap known.
        row, column: the tap.
        array: what the tensor is.
        taps: its taps.
        groups: uint8 [elements], the context that each element has without neighbours, or None where there is one.
    """
    centre = zero_symbol(array)
    total = np.zeros(symbols[:, 0, 0].shape, np.int16)
    if row:
        total += symbols[:, row - 1, column].astype(np.int16) - centre
    if column:
        total += symbols[:, row, column - 1].astype(np.int16) - centre
    steps = np.minimum((2 * np.abs(total) + taps.step) // (2 * taps.step), taps.reach)
    contexts = np.where(total < 0, taps.reach - steps, taps.reach + steps).astype(np.uint8)
    if groups is not None:
        contexts += np.uint8(taps.buckets) * groups.reshape(symbols.shape)[:, row, column]
    flat: np.ndarray = contexts.ravel()
    return flat


def zero_symbol(array: Weights) -> int:
    """The symbol that stands for what is closest to 0, or for 0 where that is not among them."""
    if not array.codebook:
        return -array.lowest
    book = np.frombuffer(array.codebook, "<f4" if array.grid else np.int8).astype(np.float64)
    return int(np.argmin(np.abs(book)))


def tap_centres(array: Weights, taps: Taps) -> np.ndarray:
    """int64 [contexts]: the likeliest symbol in each context, before any was seen."""
    shifts = taps.slope * np.arange(-taps.reach, taps.reach + 1)
    return np.tile(zero_symbol(array) + shifts, array.values.contexts)
