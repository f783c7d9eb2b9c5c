"""Which operator takes how many of a network's instructions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from ..progress import Step
from ..tflite import operator_layers, operator_macs, read_tflite
from .count import Count, count_jobs
from .inputs import made_up_inputs
from .prefixes import prefixes
from .run import Job
from .userland import Userland

WHOLE = "the whole network"

MOST_BYTES_AT_ONCE = 2**28
"""Of the files that one emulated process is given."""


@dataclass(frozen=True)
class OperatorCount:
    """One operator's share.

    Args:
        index: its place in the main graph.
        name: what it does ("CONV_2D").
        layer: the Keras layer it came from, or None where the file does not tell.
        instructions: those of the network up to this operator, less those of the network before it. The first has what
            an inference costs besides its operators too. All together are those of the network.
        macs: multiply-accumulates.
    """

    index: int
    name: str
    layer: str | None
    instructions: int
    macs: int


def count_operators(file: bytes, system: Userland, step: Step | None = None) -> tuple[Count, list[OperatorCount]]:
    """Counts the instructions of a file's inference, in all and by operator.

    Args:
        file: a .tflite.
        system: what it runs on.
        step: shows progress.

    Returns:
        the whole, and each operator of the main graph in its order.

    Raises:
        InputError: the file is not a .tflite, or cannot be cut.
        EmulationError: the emulated interpreter crashed or refused it.
    """
    model = read_tflite(file)
    inputs = made_up_inputs(model)
    total = len(model.main.operators)
    jobs = chain(
        [(WHOLE, file)], ((f"the first {place} operators", cut) for place, cut in enumerate(prefixes(file), 1))
    )
    counts: dict[str, Count] = {}
    counted = step.track(range(total), total) if step is not None else iter(range(total))
    for part in _parts(jobs):
        counts |= count_jobs({name: Job(model, inputs) for name, model in part}, system, lambda: next(counted, None))
    whole = counts.pop(WHOLE)
    reached = [0, *(one.instructions for one in counts.values()), whole.instructions]
    layers = operator_layers(model.main)
    return whole, [
        OperatorCount(
            one.index,
            one.name,
            layers[one.index],
            reached[one.index + 1] - reached[one.index],
            operator_macs(model.main, one),
        )
        for one in model.main.operators
    ]


def _parts(jobs: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    """The jobs in order, so many at a time as memory and disk bear."""
    part: list[tuple[str, bytes]] = []
    for job in jobs:
        if part and sum(len(model) for _, model in part) + len(job[1]) > MOST_BYTES_AT_ONCE:
            yield part
            part = []
        part.append(job)
    yield part
