"""What every data source gives: samples, one at a time, as often as asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np


class Sample(NamedTuple):
    """One sample as it comes, before the preprocessing contract.

    Args:
        name: what an error message calls it: a file name, or "row 17".
        inputs: raw values by input name, no batch axis; a photo is uint8, height x width x 3 (RGB) or x 1 (grey), of any size.
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
    """A set that can be iterated any number of times, always in the same order, in memory that does not grow with its size.

    Attributes:
        source: what the user named it by.
        kind: "images" (photos of any size) or "arrays".
        class_names: names of the classes in the order of their indices, or empty.
        labelled: whether samples carry labels.
    """

    source: str
    kind: str
    class_names: tuple[str, ...]
    labelled: bool

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample]: ...

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The samples left out as unreadable so far."""
        ...
