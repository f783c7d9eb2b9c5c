"""A data set in two halves that share no sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .dataset import Dataset, Sample, Skipped


@dataclass(frozen=True)
class Half:
    """Every second sample of a set, which may be sorted by class: both halves have some of each.

    Args:
        dataset: all of it.
        first: whether it is the half with the very first sample.
    """

    dataset: Dataset
    first: bool

    @property
    def source(self) -> str:
        """What the user named the whole set by."""
        return self.dataset.source

    @property
    def kind(self) -> str:
        """As of the whole set."""
        return self.dataset.kind

    @property
    def class_names(self) -> tuple[str, ...]:
        """As of the whole set."""
        return self.dataset.class_names

    @property
    def labelled(self) -> bool:
        """As of the whole set."""
        return self.dataset.labelled

    @property
    def warnings(self) -> tuple[str, ...]:
        """As of the whole set."""
        return self.dataset.warnings

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Of the whole set; unreadable samples belong to neither half."""
        return self.dataset.skipped

    def __len__(self) -> int:
        """Number of samples, without those left out so far."""
        return (len(self.dataset) + int(self.first)) // 2

    def __iter__(self) -> Iterator[Sample]:
        """Yields its samples in the order of the set."""
        for number, sample in enumerate(self.dataset):
            if (number % 2 == 0) == self.first:
                yield sample


FEWEST = 20
"""Samples of a half; sets of fewer than twice as many are not divided."""


@dataclass(frozen=True)
class Unsearched:
    """Names the part of an evaluation set that no search has looked at, wherever the set itself may be named.

    Args:
        spec: of the set; see `open_data`.
    """

    spec: Any


def halves(dataset: Dataset) -> tuple[Half, Half] | None:
    """One half to choose by and one to report on; None where the set is too small for two."""
    if len(dataset) < 2 * FEWEST:
        return None
    return Half(dataset, first=True), Half(dataset, first=False)


def unsearched(dataset: Dataset) -> Dataset:
    """The half to report on; the whole set where it is too small for two."""
    parts = halves(dataset)
    return dataset if parts is None else parts[1]
