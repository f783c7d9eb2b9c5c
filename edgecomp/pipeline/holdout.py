"""Calibration samples in two parts: what settings are made from, and what they are chosen by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..data import PreparedSet
from ..quantize.outliers import Screen

Feeds = dict[str, np.ndarray]

HELD_EVERY = 4
"""One sample in so many is held out."""

MOST_HELD = 32
"""More would cost time at every trial, and tell no more than which setting is best."""

MOST_MENDING = 32
"""Samples that biases and rounding are made from: the error of a mean over a channel falls with the square root."""

FEWEST = 8
"""With fewer samples than this, all of them serve for both."""

KEPT_BYTES = 96 * 2**20
"""Of samples in memory, held and mending ones together."""


@dataclass(frozen=True)
class Part:
    """Some of the calibration samples, to be gone through as often as needed.

    Args:
        samples: all of them.
        left_out: numbers of those that are not in it.
        broken: numbers of those that are, but not among the few: observers tell them apart by themselves.
    """

    samples: PreparedSet
    left_out: frozenset[int]
    broken: frozenset[int]

    def __iter__(self) -> Iterator[Feeds]:
        for number, sample in enumerate(self.samples):
            if number not in self.left_out:
                yield sample.feeds

    def __len__(self) -> int:
        return len(self.samples) - len(self.left_out)

    def few(self) -> list[Feeds]:
        """Sound samples to keep in memory, spread evenly over the part."""
        return _spread(replace(self, left_out=self.left_out | self.broken), MOST_MENDING)


@dataclass(frozen=True)
class Holdout:
    """The two parts.

    Args:
        fitting: what ranges, biases and rounding are made from while settings are chosen.
        held: what they are judged by, in memory.
        everything: all samples, which the chosen settings are applied to.
        broken: names of samples that stand off from all others, and are neither judged by nor given a range.
    """

    fitting: Part
    held: list[Feeds]
    everything: Part
    broken: tuple[str, ...]


def hold_out(samples: PreparedSet) -> Holdout:
    """Holds out every fourth sample, as long as there are enough of them."""
    count = len(samples)
    broken = _broken(samples)
    held = frozenset(range(HELD_EVERY - 1, count, HELD_EVERY)) if count >= FEWEST else frozenset[int]()
    others = frozenset(range(count)) - held if held else frozenset[int]()
    return Holdout(
        fitting=Part(samples, held, broken),
        held=_spread(Part(samples, others | broken, broken), MOST_HELD),
        everything=Part(samples, frozenset(), broken),
        broken=tuple(sample.name for number, sample in enumerate(samples) if number in broken) if broken else (),
    )


def _broken(samples: PreparedSet) -> frozenset[int]:
    first = next(iter(samples)).feeds
    screen = Screen([name for name, values in first.items() if values.dtype == np.float32])
    for _ in screen.sound(sample.feeds for sample in samples):
        continue
    return frozenset(sample.number for sample in screen.broken)


def _spread(part: Part, most: int) -> list[Feeds]:
    """At most so many samples, at even distances, and no more than may be kept in memory."""
    kept: list[Feeds] = []
    step = 1.0
    for number, feeds in enumerate(part):
        if not kept:
            size = sum(array.nbytes for array in feeds.values())
            most = max(4, min(most, KEPT_BYTES // 2 // max(size, 1)))
            step = max(1.0, len(part) / most)
        if number >= len(kept) * step and len(kept) < most:
            kept.append(feeds)
    return kept
