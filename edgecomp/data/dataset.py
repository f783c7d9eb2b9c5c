"""What every data source gives: samples, one at a time, as often as asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from .batch import Batch
from .labels import Labels


class Sample(NamedTuple):
    """One sample as it comes, before the preprocessing contract.

    Args:
        name: what an error message calls it: a file name, "x[17]" (counted from 0), or "line 18" of a CSV file.
        inputs: raw values by input name, no batch axis; a photo is uint8, height x width x 3 (RGB) or x 1
            (grey), of any size.
        label: class index (int), target array, or None.
    """

    name: str
    inputs: dict[str, np.ndarray]
    label: int | np.ndarray | None


@dataclass(frozen=True)
class Skipped:
    """A sample that could not be read: its name and why."""

    name: str
    reason: str


class Dataset(Protocol):
    """A set that can be iterated any number of times, always in the same order.

    The memory it takes does not grow with the size of its samples, nor, but for names and labels, with their number.
    """

    @property
    def source(self) -> str:
        """What the user named it by."""
        ...

    @property
    def kind(self) -> str:
        """Either "images" (photos of any size) or "arrays"."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their indices, or empty."""
        ...

    @property
    def labelled(self) -> bool:
        """Whether samples carry labels."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences a user should read, found on opening."""
        ...

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The samples left out as unreadable so far."""
        ...

    def __len__(self) -> int:
        """Number of samples, without those left out so far."""
        ...

    def __iter__(self) -> Iterator[Sample]: ...


class WithLabels:
    """What a set that holds its labels says of them.

    Args:
        labels: of every sample, or None.
    """

    labels: Labels | None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their indices, or empty."""
        return self.labels.names if self.labels else ()

    @property
    def labelled(self) -> bool:
        """Whether samples carry labels."""
        return self.labels is not None


@runtime_checkable
class RandomAccess(Protocol):
    """A data set whose samples can be read one by one in any order, and from several threads at a time."""

    @property
    def positions(self) -> range:
        """What `read` accepts, in the order of the samples."""
        ...

    def read(self, position: int) -> Sample | None:
        """The sample at a position, or None where it cannot be read; it then appears in `skipped`."""
        ...


@runtime_checkable
class Stacked(Protocol):
    """A data set whose samples lie in arrays, and can be had several at a time."""

    def batches(self) -> Iterator[Batch]:
        """The samples in order, as they come."""
        ...
