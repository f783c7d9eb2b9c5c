"""Samples as a model takes them: decoded ahead in a few threads, always in the same order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import arrange, normalize

from ..errors import InputError
from .batch import Batch, Label, arrange_together, one_by_one
from .dataset import Dataset, RandomAccess, Sample, Skipped, Stacked
from .labels import as_class
from .survey import Survey, Surveyor

KEPT_BYTES = 128 << 20
"""What a set keeps of its samples by default, so that the next pass need not decode them again: 128 MiB, which is 890
photos of 224 x 224 pixels."""

_THREADS = min(4, os.cpu_count() or 1)
_AHEAD = 2 * _THREADS


class Prepared(NamedTuple):
    """One sample as the model takes it.

    Args:
        name: what an error message calls it.
        feeds: value of each input by name, of the tensor's shape, batch of 1 first; float32, or the input's integer
            dtype; not to be written to.
        label: class index (int), target array, or None. For a model that classifies, whole numbers stored as
            fractions have become class indices.
    """

    name: str
    feeds: dict[str, np.ndarray]
    label: Label


@dataclass
class _Memory:
    """What a set has learned of its samples: they themselves, where they fit, and, after a whole pass, a survey.

    Samples are kept arranged in the tensors' shapes but not yet normalized: a quarter of the memory, for photos.
    """

    batches: list[Batch] = field(default_factory=list)
    bytes: int = 0
    full: bool = False
    survey: Survey | None = None


@dataclass(frozen=True)
class PreparedSet:
    """Every readable sample of a data set as the model takes it; iterate it as often as needed.

    What it yields is of the right shape and dtype, and finite. The memory it takes is bounded by `keep_bytes`.

    Args:
        dataset: the samples as they come.
        contract: how they become the model's inputs.
        keep_bytes: how much of the samples to keep, so that the next pass need not read and decode them again.
    """

    dataset: Dataset
    contract: Contract
    keep_bytes: int = KEPT_BYTES
    _memory: _Memory = field(default_factory=_Memory, repr=False, compare=False)

    def __len__(self) -> int:
        """Number of samples; those found unreadable so far are not counted, so it is exact after one pass."""
        return len(self.dataset)

    def __iter__(self) -> Iterator[Prepared]:
        """Yields the samples in order.

        Raises:
            InputError: a sample does not fit the model, or holds NaN or infinity; the message names it.
        """
        for batch in self.batches():
            normalized = Batch(batch.names, self._normalized(batch.values), batch.labels)
            yield from (Prepared(*one) for one in one_by_one(normalized))

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The samples left out as unreadable so far."""
        return self.dataset.skipped

    def arranged(self) -> Iterator[Sample]:
        """Yields the samples in the shapes of the tensors (no batch axis) but not normalized: photos as uint8.

        Raises:
            InputError: see `__iter__`.
        """
        for batch in self.batches():
            yield from _samples(batch)

    def at(self, places: Collection[int]) -> dict[int, Sample]:
        """Some samples by their position, counted from 0 in the order of iteration; as `arranged` gives them.

        Raises:
            InputError: see `__iter__`.
        """
        wanted = [place for place in sorted(set(places)) if 0 <= place < len(self)]
        everything_kept = self._memory.survey is not None and not self._memory.full
        if isinstance(self.dataset, RandomAccess) and not self.skipped and not everything_kept:
            read = {place: self._read_one(self.dataset, self.dataset.positions[place]) for place in wanted}
            return {place: next(_samples(batch)) for place, batch in read.items() if batch is not None}
        found: dict[int, Sample] = {}
        start = 0
        for batch in self.batches():
            end = start + len(batch.names)
            inside = [place for place in wanted if start <= place < end]
            if inside:
                samples = list(_samples(batch))
                found |= {place: samples[place - start] for place in inside}
            start = end
            if not wanted or start > wanted[-1]:
                break
        return found

    def survey(self) -> Survey:
        """What the samples are like as a whole; takes a pass over them where none was made yet.

        Raises:
            InputError: see `__iter__`.
        """
        if self._memory.survey is None:
            for _ in self.batches():
                pass
        assert self._memory.survey is not None
        return self._memory.survey

    def batches(self) -> Iterator[Batch]:
        """Yields the samples in order, as many stacked as come at a time, in the tensors' shapes but not normalized.

        Raises:
            InputError: see `__iter__`.
        """
        memory = self._memory
        if memory.survey is not None and not memory.full:
            yield from memory.batches
            return
        surveyor = Surveyor(tuple(one.name for one in self.contract.inputs))
        learning = memory.survey is None
        fresh = _Memory() if learning else memory
        for batch in self._read():
            if learning:
                surveyor.add(batch)
                _keep(fresh, batch, self.keep_bytes)
            yield batch
        if learning and memory.survey is None:
            memory.batches, memory.bytes, memory.full = fresh.batches, fresh.bytes, fresh.full
            memory.survey = surveyor.survey()

    def _read(self) -> Iterator[Batch]:
        if isinstance(self.dataset, Stacked):
            for raw in self.dataset.batches():
                together = self._arranged_together(raw)
                yield from [together] if together else (self._arrange(one) for one in _samples(raw))
            return
        if not isinstance(self.dataset, RandomAccess):
            yield from (self._arrange(sample) for sample in self.dataset)
            return
        with ThreadPoolExecutor(_THREADS, "photos") as pool:
            pending: deque[Future[Batch | None]] = deque()
            try:
                for position in self.dataset.positions:
                    pending.append(pool.submit(self._read_one, self.dataset, position))
                    if len(pending) >= _AHEAD:
                        yield from _there(pending.popleft().result())
                while pending:
                    yield from _there(pending.popleft().result())
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _read_one(self, dataset: RandomAccess, position: int) -> Batch | None:
        sample = dataset.read(position)
        return None if sample is None else self._arrange(sample)

    def _arranged_together(self, raw: Batch) -> Batch | None:
        """None where something keeps a sample from fitting just as it is; one by one it is told which, and what."""
        values = {}
        for one in self.contract.inputs:
            try:
                arranged = arrange_together(one, raw.values[one.name])
            except InputError:
                return None
            if arranged is None or not _finite(arranged):
                return None
            arranged.setflags(write=False)  # it may be kept, and handed out again
            values[one.name] = arranged
        return Batch(raw.names, values, self._labels(raw.labels))

    def _arrange(self, sample: Sample) -> Batch:
        """One sample, as a batch of 1."""
        values = {}
        for one in self.contract.inputs:
            raw = sample.inputs[one.name]
            try:
                value = arrange(one, raw)
            except InputError as error:
                raise InputError(f"{self.dataset.source}: {sample.name}: {error}") from error
            _check_finite(self.dataset.source, sample.name, one.name, value)
            value.setflags(write=False)
            values[one.name] = value
        return Batch([sample.name], values, self._labels([sample.label]))

    def _labels(self, labels: Sequence[Label]) -> Sequence[Label]:
        return [as_class(label) for label in labels] if self._classifies else labels

    @property
    def _classifies(self) -> bool:
        return bool(self.contract.outputs) and self.contract.outputs[0].kind == "classification"

    def _normalized(self, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            one.name: normalize(one, values[one.name]) if one.dtype == "float32" else values[one.name]
            for one in self.contract.inputs
        }


def prepared(dataset: Dataset, contract: Contract, *, keep_bytes: int = KEPT_BYTES) -> PreparedSet:
    """The samples of a set as the model takes them.

    Args:
        dataset: the samples as they come.
        contract: how they become the model's inputs.
        keep_bytes: how much of the samples to keep for the next pass; 0 for none.
    """
    return PreparedSet(dataset, contract, keep_bytes)


def _keep(memory: _Memory, batch: Batch, most: int) -> None:
    """Keeps all samples or none: half of them would cost memory and still need the reading."""
    if memory.full:
        return
    memory.bytes += sum(value.nbytes for value in batch.values.values())
    if memory.bytes > most:
        memory.full = True
        memory.batches = []
    else:
        memory.batches.append(batch)


def _there(batch: Batch | None) -> Iterator[Batch]:
    if batch is not None:
        yield batch


def _samples(batch: Batch) -> Iterator[Sample]:
    for name, values, label in one_by_one(batch):
        yield Sample(name, {key: value[0] for key, value in values.items()}, label)


def _finite(values: np.ndarray) -> bool:
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


def _check_finite(source: str, sample: str, name: str, values: np.ndarray) -> None:
    if _finite(values):
        return
    what = "NaN" if np.isnan(values).any() else "infinity"
    index = [int(i) for i in np.argwhere(~np.isfinite(values))[0][1:]]
    raise InputError(f"{source}: {sample}: input {name} holds {what}, first at {index}; mend or leave out such samples")
