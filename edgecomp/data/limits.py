"""Fewer samples of a set that is open already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .arrays import ArrayDataset
from .dataset import Dataset, Sample, Skipped
from .functions import FunctionDataset
from .labels import Labels
from .photos import PhotoDataset
from .subset import choose
from .table import TableDataset


@dataclass(frozen=True)
class LimitedDataset:
    """Some samples of a set of any kind, at ascending positions."""

    whole: Dataset
    positions: np.ndarray

    @property
    def source(self) -> str:
        """What the user named it by."""
        return self.whole.source

    @property
    def kind(self) -> str:
        """Either "images" or "arrays"."""
        return self.whole.kind

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their indices, or empty."""
        return self.whole.class_names

    @property
    def labelled(self) -> bool:
        """Whether samples carry labels."""
        return self.whole.labelled

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences a user should read."""
        return self.whole.warnings

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The samples left out as unreadable so far."""
        return self.whole.skipped

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Sample]:
        kept = set(self.positions.tolist())
        return (sample for position, sample in enumerate(self.whole) if position in kept)


def limited(dataset: Dataset, limit: int | None) -> Dataset:
    """At most `limit` samples of a set: evenly spread, balanced over the classes, the same ones every time.

    Args:
        dataset: the set.
        limit: the most samples wanted, or None for all.

    Raises:
        InputError: the limit is not positive.
    """
    if isinstance(dataset, PhotoDataset):
        kept = _kept(len(dataset.files), dataset.labels, np.arange(len(dataset.files)), limit)
        labels = dataset.labels and Labels(dataset.labels.values[kept], dataset.labels.names)
        return replace(dataset, files=tuple(dataset.files[i] for i in kept), labels=labels, _unreadable={})
    if isinstance(dataset, (ArrayDataset, FunctionDataset, TableDataset)):
        kept = _kept(len(dataset), dataset.labels, dataset.positions, limit)
        return replace(dataset, positions=dataset.positions[kept])
    if limit is None or limit >= len(dataset):
        return dataset
    found = [sample.label for sample in dataset] if dataset.labelled else []
    classes = np.array(found, np.int64) if found and all(isinstance(one, int) for one in found) else None
    return LimitedDataset(dataset, choose(len(dataset), classes, limit))


def _kept(count: int, labels: Labels | None, positions: np.ndarray, limit: int | None) -> np.ndarray:
    classes = labels.classes if labels else None
    return choose(count, None if classes is None else classes[positions], limit)
