"""What is evaluated, and how its samples reach the worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgecomp_runtime.contract import Contract

from ...data import PreparedSet
from ...evaluate.chunks import Chunk, joined


@dataclass(frozen=True)
class Setting:
    """Files that are held against each other on the same samples.

    Args:
        files: .tflite files by name; the reference first, where there is one.
        ours: which of them is the one that is judged.
        contract: of their inputs and outputs.
        task: as `evaluate.tasks` names it; None where there are no labels.
        samples: that they are run on.
        keras_model: that of the float model, for gradients; None where there is none.
        hide_samples: whether no photo and no value of a sample may be in what is found.
    """

    files: dict[str, bytes]
    ours: str
    contract: Contract
    task: str | None
    samples: PreparedSet
    keras_model: Any = None
    hide_samples: bool = False

    @property
    def reference(self) -> str | None:
        """Name of the file that ours is held against; None where there is no other."""
        first = next(iter(self.files))
        return None if first == self.ours else first


def sample_chunks(samples: PreparedSet, *, most: int | None = None, labels: bool = True) -> Iterator[Chunk]:
    """The samples as they are sent to a worker: raw, since photos are a quarter as many bytes so.

    Args:
        samples: the set.
        most: no more than so many.
        labels: whether to send theirs along.
    """
    chunks = (
        Chunk(batch.values, batch.labels if labels else [None] * len(batch.names), raw=True)
        for batch in samples.batches()
    )
    return joined(chunks if most is None else _first(chunks, most))


def _first(chunks: Iterator[Chunk], most: int) -> Iterator[Chunk]:
    for chunk in chunks:
        yield next(chunk.parts(most))
        most -= len(chunk)
        if most <= 0:
            return
