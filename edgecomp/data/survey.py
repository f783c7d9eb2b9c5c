"""What the samples of a set are like as a whole, gathered one by one in memory that does not grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


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

    def add(self, name: str, values: Mapping[str, np.ndarray], label: int | np.ndarray | None) -> None:
        """Takes one sample into account.

        Args:
            name: of the sample.
            values: raw values by input name, of the tensor's shape, batch of 1 first.
            label: class index, target or None.
        """
        self.samples += 1
        self._add_label(name, label)
        for one in self.names:
            self._add_values(name, self.seen.setdefault(one, _Seen(values[one])), values[one])

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

    def _add_label(self, name: str, label: int | np.ndarray | None) -> None:
        if label is None:
            self.unlabelled += 1
        elif isinstance(label, int):
            self.classes[label] += 1
            self.first_of_class.setdefault(label, name)
        else:
            self.targets += 1
            if self.first_target is None:
                self.first_target, self.target_shape = name, label.shape

    def _add_values(self, name: str, seen: _Seen, values: np.ndarray) -> None:
        seen.low = min(seen.low, float(values.min()))
        seen.high = max(seen.high, float(values.max()))
        seen.whole = seen.whole and (values.dtype.kind != "f" or bool((values == np.rint(values)).all()))
        seen.identical = seen.identical and bool(np.array_equal(values, seen.first))
        if _is_flat(values):
            seen.flat += 1
            seen.first_flat = seen.first_flat or name


def _is_flat(values: np.ndarray) -> bool:
    """Whether a sample says nothing: one number throughout, or in a picture one colour."""
    if values.size < 2:
        return False
    pixels = values.reshape(-1, values.shape[-1]) if values.ndim == 4 else values.reshape(-1, 1)
    return len(pixels) > 1 and bool((pixels == pixels[0]).all())
