"""Samples in a row, on their way to a worker and from there to its threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import normalize

Feeds = dict[str, np.ndarray]
"""One sample in the model's own units: arrays of the inputs' shapes, batch of 1 first, by input name."""

CHUNK_SAMPLES = 256
CHUNK_BYTES = 1 << 20
"""What is sent at a time: each message wakes another process up."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Samples in a row: what is sent to a worker at a time.

    Args:
        values: of each input by name, stacked: [n, *shape of one sample].
        labels: of each sample, or None.
        raw: whether the values are in the tensors' shapes only, and still have to be normalized: as bytes, photos are
            sent in a quarter of the time.
    """

    values: dict[str, np.ndarray]
    labels: Sequence[Any]
    raw: bool = False

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.labels)

    def parts(self, count: int) -> Iterator[Chunk]:
        """The same in pieces of so many samples at most."""
        for start in range(0, len(self), count):
            piece = slice(start, start + count)
            yield Chunk({name: value[piece] for name, value in self.values.items()}, self.labels[piece], self.raw)

    def normalized(self, contract: Contract) -> Chunk:
        """The same in the model's own units."""
        if not self.raw:
            return self
        feeds = {
            one.name: normalize(one, self.values[one.name]) if one.dtype == "float32" else self.values[one.name]
            for one in contract.inputs
        }
        return Chunk(feeds, self.labels)


def in_chunks(stream: Iterable[tuple[Feeds, Any]]) -> Iterator[Chunk]:
    """Samples in the model's own units with their labels, joined to chunks of a handy size."""
    return joined(Chunk(feeds, [label]) for feeds, label in stream)


def joined(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Small chunks joined to larger ones; none is split.

    Args:
        chunks: in order; all of them raw, or none.
    """
    waiting: list[Chunk] = []
    count = size = 0
    for chunk in chunks:
        waiting.append(chunk)
        count += len(chunk)
        size += sum(value.nbytes for value in chunk.values.values())
        if count >= CHUNK_SAMPLES or size >= CHUNK_BYTES:
            yield _one(waiting)
            waiting, count, size = [], 0, 0
    if waiting:
        yield _one(waiting)


def _one(chunks: Sequence[Chunk]) -> Chunk:
    if len(chunks) == 1:
        return chunks[0]
    values = {name: np.concatenate([one.values[name] for one in chunks]) for name in chunks[0].values}
    return Chunk(values, [label for one in chunks for label in one.labels], chunks[0].raw)
