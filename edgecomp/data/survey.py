"""What the samples of a set are like as a whole, gathered in memory that does not grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .batch import Batch


@dataclass(frozen=True)
class InputSurvey:
    """The raw values of one input over a set.

    Args:
        low: smallest value.
        high: largest value.
        whole: whether all are whole numbers.
        photo: whether they are uint8.
        identical: whether all samples are the same.
        flat: samples whose values are all the same number in each channel.
        first_flat: name of the first of them, or None.
    """

    low: float
    high: float
    whole: bool
    photo: bool
    identical: bool
    flat: int
    first_flat: str | None


@dataclass(frozen=True)
class Survey:
    """A whole set.

    Args:
        samples: how many could be read.
        inputs: by input name; empty for a set without samples.
        classes: samples by class index.
        first_of_class: name of the first sample of each class.
        targets: samples whose label is a target, not a class index.
        first_target: name of the first of them, or None.
        target_shape: shape of that target, or None.
        unlabelled: samples without a label.
    """

    samples: int
    inputs: Mapping[str, InputSurvey]
    classes: Mapping[int, int]
    first_of_class: Mapping[int, str]
    targets: int
    first_target: str | None
    target_shape: tuple[int, ...] | None
    unlabelled: int


@dataclass
class _Seen:
    """One input so far."""

    first: np.ndarray
    low: float = np.inf
    high: float = -np.inf
    whole: bool = True
    identical: bool = True
    flat: int = 0
    first_flat: str | None = None


@dataclass
class Surveyor:
    """Gathers a `Survey`.

    Args:
        names: the inputs' names.
    """

    names: tuple[str, ...]
    samples: int = 0
    unlabelled: int = 0
    targets: int = 0
    first_target: str | None = None
    target_shape: tuple[int, ...] | None = None
    classes: Counter[int] = field(default_factory=Counter)
    first_of_class: dict[int, str] = field(default_factory=dict)
    seen: dict[str, _Seen] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        """Takes samples into account.

        Args:
            batch: raw values in the tensors' shapes, with their labels.
        """
        self.samples += len(batch.names)
        self._add_labels(batch)
        for one in self.names:
            values = batch.values[one]
            self._add_values(batch.names, self.seen.setdefault(one, _Seen(values[:1].copy())), values)

    def survey(self) -> Survey:
        """What was gathered."""
        inputs = {
            name: InputSurvey(
                seen.low,
                seen.high,
                seen.whole,
                seen.first.dtype == np.uint8,
                seen.identical,
                seen.flat,
                seen.first_flat,
            )
            for name, seen in self.seen.items()
        }
        return Survey(
            self.samples,
            inputs,
            dict(self.classes),
            dict(self.first_of_class),
            self.targets,
            self.first_target,
            self.target_shape,
            self.unlabelled,
        )

    def _add_labels(self, batch: Batch) -> None:
        classes = [label for label in batch.labels if isinstance(label, int)]
        self.classes.update(classes)
        if len(classes) < len(batch.names):
            self._add_others(batch)
        for label in set(classes) - self.first_of_class.keys():
            self.first_of_class[label] = batch.names[batch.labels.index(label)]

    def _add_others(self, batch: Batch) -> None:
        """Labels that are no class index."""
        for name, label in zip(batch.names, batch.labels, strict=True):
            if label is None:
                self.unlabelled += 1
            elif not isinstance(label, int):
                self.targets += 1
                if self.first_target is None:
                    self.first_target, self.target_shape = name, label.shape

    def _add_values(self, names: Sequence[str], seen: _Seen, values: np.ndarray) -> None:
        seen.low = min(seen.low, float(values.min()))
        seen.high = max(seen.high, float(values.max()))
        seen.whole = seen.whole and (values.dtype.kind != "f" or bool((values == np.rint(values)).all()))
        seen.identical = seen.identical and bool((values == seen.first).all())
        flat = _flat(values)
        if len(flat):
            seen.flat += len(flat)
            seen.first_flat = seen.first_flat or names[int(flat[0])]


def _flat(values: np.ndarray) -> np.ndarray:
    """Which samples say nothing: one number throughout, or in a picture one colour; their places, int64."""
    count = len(values)
    pixels = values.reshape(count, -1, values.shape[-1]) if values.ndim == 4 else values.reshape(count, -1, 1)
    if pixels.shape[1] < 2:
        return np.zeros(0, np.int64)
    maybe = np.flatnonzero((pixels[:, 1] == pixels[:, 0]).all(axis=1))  # hardly ever: the rest need not be looked at
    return np.asarray(maybe[(pixels[maybe] == pixels[maybe, :1]).all(axis=(1, 2))])
