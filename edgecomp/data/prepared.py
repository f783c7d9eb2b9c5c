"""Samples as a model takes them: decoded ahead in a few threads, always in the same order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import arrange, normalize

from ..errors import InputError
from .dataset import Dataset, RandomAccess, Sample, Skipped
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
    label: int | np.ndarray | None


class _Arranged(NamedTuple):
    """A sample in the tensors' shapes but not yet normalized: a quarter of the memory, where it is a photo."""

    name: str
    values: dict[str, np.ndarray]
    label: int | np.ndarray | None


@dataclass
class _Memory:
    """What a set has learned of its samples: the first ones themselves, and, after a whole pass, a survey of all."""

    samples: list[_Arranged] = field(default_factory=list)
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
        for sample in self._arranged():
            yield Prepared(sample.name, self._normalized(sample), sample.label)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The samples left out as unreadable so far."""
        return self.dataset.skipped

    def arranged(self) -> Iterator[Sample]:
        """Yields the samples in the shapes of the tensors (no batch axis) but not normalized: photos as uint8.

        Raises:
            InputError: see `__iter__`.
        """
        for sample in self._arranged():
            yield Sample(sample.name, {name: value[0] for name, value in sample.values.items()}, sample.label)

    def survey(self) -> Survey:
        """What the samples are like as a whole; takes a pass over them where none was made yet.

        Raises:
            InputError: see `__iter__`.
        """
        if self._memory.survey is None:
            for _ in self._arranged():
                pass
        assert self._memory.survey is not None
        return self._memory.survey

    def _arranged(self) -> Iterator[_Arranged]:
        memory = self._memory
        if memory.survey is not None and not memory.full:
            yield from memory.samples
            return
        surveyor = Surveyor(tuple(one.name for one in self.contract.inputs))
        learning = memory.survey is None
        fresh = _Memory() if learning else memory
        for sample in self._read():
            if learning:
                surveyor.add(sample.name, sample.values, sample.label)
                _keep(fresh, sample, self.keep_bytes)
            yield sample
        if learning and memory.survey is None:
            memory.samples, memory.bytes, memory.full = fresh.samples, fresh.bytes, fresh.full
            memory.survey = surveyor.survey()

    def _read(self) -> Iterator[_Arranged]:
        if not isinstance(self.dataset, RandomAccess):
            yield from (self._arrange(sample) for sample in self.dataset)
            return
        with ThreadPoolExecutor(_THREADS, "photos") as pool:
            pending: deque[Future[_Arranged | None]] = deque()
            try:
                for position in self.dataset.positions:
                    pending.append(pool.submit(self._read_one, self.dataset, position))
                    if len(pending) >= _AHEAD:
                        yield from _there(pending.popleft().result())
                while pending:
                    yield from _there(pending.popleft().result())
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _read_one(self, dataset: RandomAccess, position: int) -> _Arranged | None:
        sample = dataset.read(position)
        return None if sample is None else self._arrange(sample)

    def _arrange(self, sample: Sample) -> _Arranged:
        values = {}
        for one in self.contract.inputs:
            raw = sample.inputs[one.name]
            try:
                value = arrange(one, raw)
            except InputError as error:
                raise InputError(f"{self.dataset.source}: {sample.name}: {error}") from error
            _check_finite(self.dataset.source, sample.name, one.name, value)
            value.setflags(write=False)  # it may be kept, and handed out again
            values[one.name] = value
        return _Arranged(sample.name, values, as_class(sample.label) if self._classifies else sample.label)

    @property
    def _classifies(self) -> bool:
        return bool(self.contract.outputs) and self.contract.outputs[0].kind == "classification"

    def _normalized(self, sample: _Arranged) -> dict[str, np.ndarray]:
        return {
            one.name: normalize(one, sample.values[one.name]) if one.dtype == "float32" else sample.values[one.name]
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


def _keep(memory: _Memory, sample: _Arranged, most: int) -> None:
    """Keeps all samples or none: half of them would cost memory and still need the reading."""
    if memory.full:
        return
    memory.bytes += sum(value.nbytes for value in sample.values.values())
    if memory.bytes > most:
        memory.full = True
        memory.samples = []
    else:
        memory.samples.append(sample)


def _there(sample: _Arranged | None) -> Iterator[_Arranged]:
    if sample is not None:
        yield sample


def _check_finite(source: str, sample: str, name: str, values: np.ndarray) -> None:
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    what = "NaN" if np.isnan(values).any() else "infinity"
    index = [int(i) for i in np.argwhere(~np.isfinite(values))[0][1:]]
    raise InputError(f"{source}: {sample}: input {name} holds {what}, first at {index}; mend or leave out such samples")
