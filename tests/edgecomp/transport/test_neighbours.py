"""Weights that come in few groups of neighbours are coded by the group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecomp.transport import decode, encode

from .synthetic import Stored, tflite


def grouped(length: int, entries: int, *, count: int = 4096) -> Any:
    rng = np.random.default_rng(0)
    book = rng.integers(-127, 128, (entries, length)).astype(np.int8)
    values = book[rng.integers(0, entries, count)].reshape(64, -1)
    return tflite(Stored(values, "INT8", values.shape))


@pytest.mark.parametrize(("length", "entries"), [(2, 16), (4, 64), (4, 256)])
def test_groups_cost_little_more_than_their_indices_and_entries(length: int, entries: int) -> None:
    file = grouped(length, entries)
    coded = encode(file)
    assert decode(coded) == file
    assert len(coded) < 4096 * np.log2(entries) / 8 + entries * length + 500


@pytest.mark.parametrize("shape", [(3, 17), (5, 11), (1, 49)])
def test_what_does_not_come_out_even_is_coded_singly(shape: tuple[int, int]) -> None:
    values = np.tile(np.array([1, -2, 3, 4], np.int8), 40)[: shape[0] * shape[1]].reshape(shape)
    file = tflite(Stored(values, "INT8", shape))
    assert decode(encode(file)) == file
