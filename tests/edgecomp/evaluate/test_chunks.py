"""Samples joined and cut, none lost."""

from __future__ import annotations

import numpy as np

from edgecomp.evaluate.chunks import CHUNK_SAMPLES, Chunk, joined


def numbered(first: int, count: int) -> Chunk:
    numbers = np.arange(first, first + count)
    return Chunk({"x": numbers.astype(np.float32)[:, None]}, numbers.tolist())


def in_a_row(chunks: list[Chunk]) -> list[int]:
    labels = [label for one in chunks for label in one.labels]
    assert np.array_equal(np.concatenate([one.values["x"] for one in chunks])[:, 0], labels)
    return labels


def test_small_chunks_are_joined_and_large_ones_left_whole() -> None:
    sizes = [1, CHUNK_SAMPLES, 3 * CHUNK_SAMPLES, 2]
    given = [numbered(sum(sizes[:place]), size) for place, size in enumerate(sizes)]
    made = list(joined(given))
    assert [len(one) for one in made] == [1 + CHUNK_SAMPLES, 3 * CHUNK_SAMPLES, 2]
    assert in_a_row(made) == list(range(sum(sizes)))


def test_parts_are_the_whole_in_order() -> None:
    parts = list(numbered(0, 130).parts(64))
    assert [len(one) for one in parts] == [64, 64, 2]
    assert in_a_row(parts) == list(range(130))
