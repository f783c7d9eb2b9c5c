"""The examples of a training, decoded once: in memory as long as they fit, else in a temporary file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import normalize

from ..data import PreparedSet, Sample
from ..errors import InputError

MEMORY_BYTES = 1 << 30
"""Examples beyond this go to a temporary file, of which the system keeps in memory what it has room for."""

UNLABELLED = -1
"""Stands for the class of an example without a label."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples in the shapes of the model's inputs, not yet normalized: photos take a byte for a value.

    Args:
        source: what the user named them by.
        contract: how they become the model's inputs, and what its outputs mean.
        values: raw values [n, ...] of each input, by its name, in the order of the model's inputs.
        names: what an error message calls each example.
        classes: int64 [n], `UNLABELLED` where there is no label; None where no example has a class.
        targets: float32 [n, ...], NaN where there is no label; None where no example has a target.
        class_names: in the order of their indices, or empty.
        digest: of values and labels, as hexadecimal digits.
    """

    source: str
    contract: Contract
    values: Mapping[str, np.ndarray]
    names: tuple[str, ...]
    classes: np.ndarray | None
    targets: np.ndarray | None
    class_names: tuple[str, ...]
    digest: str

    def __len__(self) -> int:
        return len(self.names)

    def raw(self, positions: np.ndarray) -> list[np.ndarray]:
        """Raw values [len(positions), ...] of each input."""
        return [values[positions] for values in self.values.values()]

    def normalized(self, raw: list[np.ndarray]) -> list[np.ndarray]:
        """What the model takes: float32, or the input's integer dtype."""
        return [
            normalize(one, values) if one.dtype == "float32" else values
            for one, values in zip(self.contract.inputs, raw, strict=True)
        ]

    def inputs(self, positions: np.ndarray) -> list[np.ndarray]:
        """What the model takes for some examples."""
        return self.normalized(self.raw(positions))


def gather(samples: PreparedSet, *, memory_bytes: int = MEMORY_BYTES) -> Examples:
    """Reads all samples of a set once.

    Args:
        samples: as the model takes them.
        memory_bytes: what they may take in memory.

    Raises:
        InputError: a sample does not fit the model, some labels are classes and others targets, there is no sample at
            all, or no room for them.
    """
    store = _Store(samples.dataset.source, len(samples), memory_bytes)
    names: list[str] = []
    labels: list[int | np.ndarray | None] = []
    digest = hashlib.sha256()
    for sample in samples.arranged():
        store.add(len(names), sample)
        for value in sample.inputs.values():
            digest.update(np.ascontiguousarray(value).data)
        digest.update(np.asarray(sample.label, np.float64).tobytes() if sample.label is not None else b"-")
        names.append(sample.name)
        labels.append(sample.label)
    if not names:
        raise InputError(f"{samples.dataset.source}: has no example that can be read; give at least a few dozen")
    classes, targets = _labels(samples.dataset.source, names, labels)
    order = [one.name for one in samples.contract.inputs]
    return Examples(
        source=samples.dataset.source,
        contract=samples.contract,
        values={name: store.values[name][: len(names)] for name in order},
        names=tuple(names),
        classes=classes,
        targets=targets,
        class_names=tuple(samples.dataset.class_names),
        digest=digest.hexdigest(),
    )


class _Store:
    """An array for each input, allocated when the first sample says its shape and dtype."""

    def __init__(self, source: str, count: int, memory_bytes: int) -> None:
        self.values: dict[str, np.ndarray] = {}
        self._source = source
        self._count = count
        self._memory = memory_bytes

    def add(self, position: int, sample: Sample) -> None:
        """Takes one sample."""
        for name, value in sample.inputs.items():
            if name not in self.values:
                self.values[name] = self._allocate(value.shape, value.dtype)
            stored = self.values[name]
            if not np.can_cast(value.dtype, stored.dtype):  # photos first, numbers later
                wider = self._allocate(value.shape, np.result_type(value.dtype, stored.dtype))
                wider[:position] = stored[:position]
                self.values[name] = stored = wider
            stored[position] = value

    def _allocate(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        whole = (self._count, *shape)
        size = int(np.prod(whole, dtype=np.int64)) * dtype.itemsize
        if size + sum(one.nbytes for one in self.values.values()) <= self._memory:
            return np.empty(whole, dtype)
        if shutil.disk_usage(tempfile.gettempdir()).free < size:
            raise InputError(
                f"{self._source}: {self._count} decoded examples take {size / 1e9:.1f} GB, more than is free in "
                f"{tempfile.gettempdir()}; give fewer, or point TMPDIR elsewhere"
            )
        with tempfile.TemporaryFile() as file:  # has no name, so that it goes with the process, however that ends
            return np.memmap(file, dtype, "w+", shape=whole)


def _labels(
    source: str, names: list[str], labels: list[int | np.ndarray | None]
) -> tuple[np.ndarray | None, np.ndarray | None]:
    given = [(name, label) for name, label in zip(names, labels, strict=True) if label is not None]
    if not given:
        return None, None
    if all(isinstance(label, (int, np.integer)) for _, label in given):
        for name, label in given:
            if label < 0:
                raise InputError(f"{source}: {name} has the negative class {label}; classes count from 0")
        return np.array([UNLABELLED if label is None else int(label) for label in labels], np.int64), None
    shape = np.shape(given[0][1])
    for name, label in given:
        if np.shape(label) != shape:
            raise InputError(
                f"{source}: {name} has a label of shape {list(np.shape(label))}, and {given[0][0]} one of "
                f"{list(shape)}; give labels of one kind"
            )
    missing = np.full(shape, np.nan, np.float32)
    return None, np.stack([missing if label is None else np.asarray(label, np.float32) for label in labels])
