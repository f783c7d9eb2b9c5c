"""Samples through .tflite files, all cores busy: interpreters of their own for every thread. Runs in a worker process.

A network small enough for the edge gains little from several threads inside one inference, and everything from several
inferences at a time; the interpreter lets go of Python's lock while it runs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from edgecomp_runtime.contract import Contract, InputContract
from edgecomp_runtime.model import Model
from edgecomp_runtime.preprocess import normalize
from edgecomp_runtime.quantization import look_up, photo_table
from edgecomp_runtime.tensors import Tensor

from ..errors import InputError
from .chunks import Chunk, Feeds
from .metrics import Outputs
from .metrics.agreement import Batch

TASK_SAMPLES = 64
"""What a thread takes at a time: enough that handing it over costs nothing, little enough that all get their share."""

MOST_BYTES = 1 << 30
"""Of interpreters in all: each keeps about the file's size of packed weights."""


class Ran(NamedTuple):
    """A few samples in a row and what the files made of them.

    Args:
        chunk: the samples.
        outputs: by the file's name: each output of all of them, samples first; the output that answers first.
    """

    chunk: Chunk
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
        chunks: samples with their labels, as `chunks.joined` gives them.

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
        before += len(ran.chunk)
        yield ran


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
        self._tables: dict[str, np.ndarray] = {}

    def stored(self, feeds: Feeds) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """What the input and output tensors store for one sample, in the contract's order."""
        inputs = [tensor.encode(feeds[tensor.name]) for tensor in self._model.inputs]
        return inputs, self._model.run_stored(inputs)

    def batch(self, chunk: Chunk) -> list[Batch]:
        """Each output for several samples, samples first.

        One inference each, as on the device: an interpreter resized to batches of 4 to 64 gave the same bytes in a
        tenth less time at best, and not every file can be resized.
        """
        columns = [
            self._encoded(one, tensor, chunk)
            for one, tensor in zip(self._model.contract.inputs, self._model.inputs, strict=True)
        ]
        stored = [
            self._model.run_stored([column[place : place + 1] for column in columns]) for place in range(len(chunk))
        ]
        return [_decoded(tensor, [row[place] for row in stored]) for place, tensor in enumerate(self._model.outputs)]

    def _encoded(self, one: InputContract, tensor: Tensor, chunk: Chunk) -> np.ndarray:
        """What the tensor stores for each sample, stacked; photos by a table, as on the device."""
        values = chunk.values[one.name]
        if not chunk.raw or one.dtype != "float32":
            return tensor.encode(values)
        if values.dtype != np.uint8 or not tensor.quantized:
            return tensor.encode(normalize(one, values))
        if one.name not in self._tables:
            self._tables[one.name] = photo_table(one, tensor.scale, tensor.zero_point, np.dtype(tensor.stored_dtype))
        return look_up(self._tables[one.name], values)

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
        given = {name: runner.batch(chunk) for name, runner in self._runners().items()}
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
            for task in (part for chunk in chunks for part in chunk.parts(TASK_SAMPLES)):
                pending.append(pool.submit(lanes.run, task, judged))
                if len(pending) > 2 * lanes.count:
                    yield pending.popleft().result()
            yield from (one.result() for one in pending)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _finite(batch: Batch) -> bool:
    return all(np.isfinite(one).all() for one in batch) if isinstance(batch, list) else bool(np.isfinite(batch).all())


def _decoded(tensor: Tensor, stored: Sequence[np.ndarray]) -> Batch:
    """Each sample's values of one output; at once where all have one shape."""
    if len({one.shape for one in stored}) == 1:
        return tensor.decode(np.array(stored))
    return [tensor.decode(one) for one in stored]
