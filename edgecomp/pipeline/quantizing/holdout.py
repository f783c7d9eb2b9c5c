"""Calibration samples in two parts: what settings are made from, and what they are chosen by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...data import PreparedSet
from ...quantize.ranges.outliers import broken_samples

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
    """

    samples: PreparedSet
    left_out: frozenset[int]

    def __iter__(self) -> Iterator[Feeds]:
        for number, sample in enumerate(self.samples):
            if number not in self.left_out:
                yield sample.feeds

    def __len__(self) -> int:
        return len(self.samples) - len(self.left_out)

    def few(self, most: int = MOST_MENDING) -> list[Feeds]:
        """Samples to keep in memory, at most so many, spread evenly over the part."""
        return _spread(self, most)


@dataclass(frozen=True)
class Holdout:
    """The two parts; together all samples but the broken ones.

    Args:
        fitting: what ranges, biases and rounding are made from while settings are chosen.
        judging: the others; no samples where there are too few for two parts.
        held: what settings are judged by, in memory: samples of `judging`, or of `fitting` where that is all there is.
        broken: names of samples that stand off from all others, and are in neither part.
    """

    fitting: Part
    judging: Part
    held: list[Feeds]
    broken: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.fitting) + len(self.judging)


def hold_out(samples: PreparedSet) -> Holdout:
    """Leaves out broken samples, and holds out every fourth of the others, as long as there are enough of them."""
    magnitudes = np.array([_magnitudes(sample.feeds) for sample in samples])
    broken = broken_samples(magnitudes)
    sound = [number for number in range(len(magnitudes)) if number not in broken]
    held = sound[HELD_EVERY - 1 :: HELD_EVERY] if len(sound) >= FEWEST else []
    fitting = Part(samples, frozenset(held).union(broken))
    judging = Part(samples, frozenset(range(len(magnitudes))).difference(held))
    names = tuple(sample.name for number, sample in enumerate(samples) if number in broken) if broken else ()
    return Holdout(fitting, judging, _spread(judging if held else fitting, MOST_HELD), names)


def _magnitudes(feeds: Feeds) -> list[float]:
    floats = (values for values in feeds.values() if values.dtype == np.float32)
    return [float(np.abs(values).max(initial=0.0)) for values in floats]


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
