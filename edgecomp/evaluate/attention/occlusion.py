"""What models look at, told by covering parts of their input. Runs in a worker process.

After Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014. It needs no gradients, so that
an integer file is asked in the same way as a float one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from edgecomp_runtime.classes import probabilities
from edgecomp_runtime.contract import Contract, InputContract

from ..chunks import Chunk, Feeds, joined
from ..parallel import judged_first, run_all
from .grid import Grid, grid_of

MOST_SAMPLES = 8


@dataclass(frozen=True, eq=False)
class Looks:
    """What matters to each model in one sample.

    Args:
        answer: the reference's class; the maps are about its score.
        maps: by the model's name: how much its score of that answer falls when a cell is covered, -1 to 1 (more than 0
            where the cell speaks for the answer), float64 [rows, columns].
    """

    answer: int
    maps: dict[str, np.ndarray]


def looked_at(contract: Contract) -> InputContract | None:
    """The input that is covered: the first that has parts and is made of numbers; None where there is none."""
    return next(
        (one for one in contract.inputs if one.dtype in ("float32", "uint8") and cells_of(one) is not None), None
    )


def cells_of(one: InputContract) -> Grid | None:
    """The cells of an input."""
    return grid_of(one.shape[1:], photo=one.image is not None)


def occlusion_maps(
    models: Mapping[str, bytes], contract: Contract, *, threads: int, seconds: float, samples: Sequence[Feeds]
) -> list[Looks]:
    """Covers parts of samples and sees by how much the score of the reference's answer falls.

    Args:
        models: files by name; the first is the reference.
        contract: what their inputs and outputs are; an output has to classify.
        threads: in all.
        seconds: that it may take; no further sample is begun after them.
        samples: in the model's own units.

    Returns:
        of each sample in order, as far as time allowed.
    """
    covered = looked_at(contract)
    grid = None if covered is None else cells_of(covered)
    if covered is None or grid is None or not samples:
        return []
    output = contract.outputs[judged_first(contract)[0]]
    inputs = [feeds[covered.name][0] for feeds in samples]
    fills = [_fill(one, inputs, grid) for one in inputs]
    begun: list[Feeds] = []
    end = time.monotonic() + seconds

    def variants() -> Iterator[Chunk]:
        for feeds, sample, fill in zip(samples, inputs, fills, strict=True):
            if begun and time.monotonic() > end:
                return
            begun.append(feeds)
            for one in (sample, *grid.covered(sample, fill)):
                yield Chunk({**feeds, covered.name: one[None]}, [None])

    scores: dict[str, list[np.ndarray]] = {name: [] for name in models}
    for ran in run_all(models, contract, threads=threads, chunks=joined(variants())):
        for name, outputs in ran.outputs.items():
            rows = np.asarray(outputs[0]).reshape(len(ran.chunk), -1)
            if not np.issubdtype(rows.dtype, np.floating):
                return []  # an answer without a score: nothing falls but the answer itself
            scores[name].append(probabilities(rows, output))
    together = {name: np.concatenate(rows) for name, rows in scores.items()}
    each = 1 + len(grid.windows)
    return [
        _looks({name: rows[start : start + each] for name, rows in together.items()}, grid)
        for start in range(0, each * len(begun), each)
    ]


def _looks(scores: Mapping[str, np.ndarray], grid: Grid) -> Looks:
    """From the scores of the whole sample, and of it with each window covered."""
    answer = int(next(iter(scores.values()))[0].argmax())
    falls = {name: rows[0, answer] - rows[1:, answer] for name, rows in scores.items()}
    return Looks(answer, {name: grid.by_cell(fall) for name, fall in falls.items()})


def _fill(sample: np.ndarray, samples: Sequence[np.ndarray], grid: Grid) -> np.ndarray:
    """What hides a part: the sample's own mean colour, or, of a table's row, the mean of the rows."""
    if sample.ndim == 1:
        return np.asarray(np.mean(samples, axis=0))
    if grid.photo and sample.ndim == 2:
        return np.asarray(sample.mean())
    return np.asarray(sample.mean(axis=tuple(range(sample.ndim - 1)), keepdims=True))
