"""Samples through .tflite files, all cores busy: interpreters of their own for every thread. Runs in a worker process.

A network small enough for the edge gains little from several threads inside one inference, and everything from several
inferences at a time; the interpreter lets go of Python's lock while it runs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.model import Model
from edgecomp_runtime.tensors import Tensor

from ..errors import InputError
from .metrics import Outputs
from .metrics.agreement import Batch

Feeds = dict[str, np.ndarray]
"""One sample in the model's own units: arrays of the inputs' shapes, by input name."""

Chunk = list[tuple[Feeds, Any]]
"""A few samples in a row, with their labels."""

CHUNK_SAMPLES = 64
CHUNK_BYTES = 1 << 20
"""What a thread takes at a time: enough that handing it over costs nothing, little enough that all get their share."""

MOST_BYTES = 1 << 30
"""Of interpreters in all: each keeps about the file's size of packed weights."""


class Ran(NamedTuple):
    """A few samples in a row and what the files made of them.

    Args:
        samples: inputs and label of each.
        outputs: by the file's name: each output of all of them, samples first; the output that answers first.
    """

    samples: Chunk
    outputs: dict[str, list[Batch]]

    def rows(self, name: str) -> Iterator[Outputs]:
        """One sample's outputs at a time, of one file."""
        return (list(row) for row in zip(*self.outputs[name], strict=True))


def run_all(models: Mapping[str, bytes], contract: Contract, *, threads: int, chunks: Iterable[Chunk]) -> Iterator[Ran]:
    """Runs files on samples, several at a time, and gives them back in their order, some at a time.

    Args:
        models: files by name; the first is the reference.
        contract: what their inputs and outputs are.
        threads: in all.
        chunks: samples with their labels, as `in_chunks` gives them.

    Raises:
        InputError: the reference gives NaN or infinity for a sample, so that there is nothing to compare with.
    """
    reference, judged = next(iter(models)), judged_first(contract)
    before = 0
    for ran in _in_order(_Lanes(models, contract, threads), judged, chunks):
        if not all(_finite(batch) for batch in ran.outputs[reference]):
            place = next(
                n for n, row in enumerate(ran.rows(reference)) if not all(np.isfinite(one).all() for one in row)
            )
            number = before + place
            raise InputError(f"the model gives NaN or infinity for sample {number} (counted from 0); leave it out")
        before += len(ran.samples)
        yield ran


def in_chunks(stream: Iterable[tuple[Feeds, Any]]) -> Iterator[Chunk]:
    """Samples with their labels, as many together as a thread takes at a time; cheaper to send to a worker, too."""
    chunk: Chunk = []
    size = 0
    for feeds, label in stream:
        chunk.append((feeds, label))
        size += sum(value.nbytes for value in feeds.values())
        if len(chunk) == CHUNK_SAMPLES or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def judged_first(contract: Contract) -> list[int]:
    """Positions of the outputs, the one that answers first: the first that classifies, as `Model.classify` takes it."""
    positions = list(range(len(contract.outputs)))
    return sorted(positions, key=lambda position: contract.outputs[position].kind != "classification")


class Runner:
    """One file in the device package's own hands, fed values that are preprocessed already."""

    def __init__(self, model: bytes, contract: Contract, threads: int, *, delegate: bool = True) -> None:
        self._model = Model.load(
            model, threads=threads, engine="ai_edge_litert", preprocess=contract, delegate=delegate
        )

    def stored(self, feeds: Feeds) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """What the input and output tensors store for one sample, in the contract's order."""
        inputs = [tensor.encode(feeds[tensor.name]) for tensor in self._model.inputs]
        return inputs, self._model.run_stored(inputs)

    def batch(self, samples: Sequence[Feeds]) -> list[Batch]:
        """Each output for several samples, samples first; at less cost than one by one."""
        columns = [tensor.encode(np.stack([feeds[tensor.name] for feeds in samples])) for tensor in self._model.inputs]
        stored = [self._model.run_stored([column[place] for column in columns]) for place in range(len(samples))]
        return [_decoded(tensor, [row[place] for row in stored]) for place, tensor in enumerate(self._model.outputs)]

    def outputs(self, feeds: Feeds) -> Outputs:
        """The outputs for one sample as real numbers, in the contract's order."""
        stored = self.stored(feeds)[1]
        return [tensor.decode(array) for tensor, array in zip(self._model.outputs, stored, strict=True)]


class _Lanes:
    """The files' interpreters, a set of them for each thread that asks."""

    def __init__(self, models: Mapping[str, bytes], contract: Contract, threads: int) -> None:
        self._models = models
        self._contract = contract
        fitting = MOST_BYTES // max(1, sum(map(len, models.values())))
        self.count = max(1, min(threads, fitting))
        self._threads_each = max(1, threads // self.count)
        self._own = threading.local()

    def run(self, chunk: Chunk, judged: Sequence[int]) -> Ran:
        """Runs some samples, on this thread's own interpreters."""
        samples = [feeds for feeds, _ in chunk]
        given = {name: runner.batch(samples) for name, runner in self._runners().items()}
        return Ran(chunk, {name: [batches[one] for one in judged] for name, batches in given.items()})

    def _runners(self) -> dict[str, Runner]:
        if not hasattr(self._own, "runners"):
            self._own.runners = {
                name: Runner(model, self._contract, self._threads_each) for name, model in self._models.items()
            }
        runners: dict[str, Runner] = self._own.runners
        return runners


def _in_order(lanes: _Lanes, judged: Sequence[int], chunks: Iterable[Chunk]) -> Iterator[Ran]:
    with ThreadPoolExecutor(lanes.count, "evaluate") as pool:
        pending: deque[Future[Ran]] = deque()
        try:
            for chunk in chunks:
                pending.append(pool.submit(lanes.run, chunk, judged))
                if len(pending) > 2 * lanes.count:
                    yield pending.popleft().result()
            yield from (one.result() for one in pending)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _finite(batch: Batch) -> bool:
    return all(np.isfinite(one).all() for one in batch) if isinstance(batch, list) else bool(np.isfinite(batch).all())


def _decoded(tensor: Tensor, stored: Sequence[np.ndarray]) -> Batch:
    """Each sample's values of one output; at once where all have one shape."""
    if all(one.shape == stored[0].shape for one in stored):
        return tensor.decode(np.stack(stored))
    return [tensor.decode(one) for one in stored]
