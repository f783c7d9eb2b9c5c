"""Telling broken calibration samples from sound ones, before they are looked into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .histogram import PATTERNS, Histogram, count_patterns

Feeds = Mapping[str, np.ndarray]

LARGEST_SHARE = 0.1
"""More outliers than this share of the samples are a second kind of data, not mistakes. Of fewer than ten samples none
can be told to be broken."""

LEAST_FACTOR = 4.0
"""Outliers stand off from the next sample by this factor at least: two bits of eight."""

FALSE_ALARMS = 0.01
"""Chance that any sample of a sound data set is rejected, if its tail is as heavy as a Pareto distribution's."""

FEWEST_HELD = 16
MOST_HELD = 64
HELD_BYTES = 64 * 2**20
"""Kept back for each input is LARGEST_SHARE of the samples seen so far, within these limits."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One calibration sample.

    Args:
        number: its place in the stream.
        feeds: arrays by input name.
        magnitudes: float64 [inputs]: the largest magnitude in each float input.
    """

    number: int
    feeds: Feeds
    magnitudes: np.ndarray


class Screen:
    """Lets samples through, but keeps back those with the largest values until all have been seen.

    Which of these are broken is then decided by what all samples show, so that their order does not matter, unless more
    are broken than are held. Only inputs can tell: a value that is rare inside the network, from an input like any
    other, is what the network computes for a rare kind of sample, and cutting it off would cost just those.

    Args:
        inputs: names of the float inputs.
    """

    def __init__(self, inputs: Sequence[str]) -> None:
        self.broken: list[Sample] = []
        self._inputs = inputs
        self._held: list[Sample] = []
        self._patterns = [np.zeros(PATTERNS, np.int64) for _ in inputs]

    def sound(self, stream: Iterable[Feeds]) -> Iterator[Sample]:
        """Gives the samples that are not broken, the most extreme last; the others are in `broken` afterwards.

        Raises:
            InputError: a sample is NaN or infinite.
        """
        for number, feeds in enumerate(stream):
            sample = Sample(number, feeds, self._magnitudes(number, feeds))
            for patterns, magnitude in zip(self._patterns, sample.magnitudes, strict=True):
                patterns += count_patterns(magnitude)
            yield from self._exchange(sample)
        limits = self._limits()
        above = [sample for sample in self._held if (sample.magnitudes >= limits).any()]
        total = max((int(patterns.sum()) for patterns in self._patterns), default=0)
        self.broken = above if len(above) <= LARGEST_SHARE * total else []
        yield from (sample for sample in self._held if sample not in self.broken)
        self._held = []

    def _magnitudes(self, number: int, feeds: Feeds) -> np.ndarray:
        arrays = (np.asarray(feeds[name], np.float32) for name in self._inputs)
        magnitudes = np.array([np.abs(array).max(initial=0.0) for array in arrays], np.float64)
        if not np.isfinite(magnitudes).all():
            name = self._inputs[int(np.argmin(np.isfinite(magnitudes)))]
            raise InputError(f"sample {number} has NaN or infinite values in the input {name}; remove or repair it")
        return magnitudes

    def _limits(self) -> list[float]:
        # Of each input at least this many of the largest magnitudes are among those held.
        known = len(self._held) // max(len(self._inputs), 1)
        magnitudes = np.array([sample.magnitudes for sample in self._held]).reshape(-1, len(self._inputs))
        largest = np.sort(magnitudes, axis=0)[::-1][:known]
        return [
            gross_limit(Histogram.from_patterns(one), largest[:, place]) for place, one in enumerate(self._patterns)
        ]

    def _exchange(self, sample: Sample) -> Iterator[Sample]:
        """Takes a sample; gives one that is less extreme in every input than those kept, once there are enough."""
        if not self._inputs:
            yield sample
            return
        # The caller may fill its arrays again.
        kept = {name: np.array(values) for name, values in sample.feeds.items()}
        self._held.append(Sample(sample.number, kept, sample.magnitudes))
        size = sum(values.nbytes for values in kept.values())
        room = HELD_BYTES // max(size * len(self._inputs), 1)
        wanted = max(FEWEST_HELD, int(LARGEST_SHARE * sample.number) + 1)
        for_each_input = max(min(wanted, MOST_HELD, room), 1)
        if len(self._held) > for_each_input * len(self._inputs):
            magnitudes = np.stack([one.magnitudes for one in self._held])
            largest = np.argsort(-magnitudes, axis=0, kind="stable")[:for_each_input]
            yield self._held.pop(int(np.setdiff1d(np.arange(len(self._held)), largest)[0]))


def gross_limit(magnitudes: Histogram, largest: np.ndarray) -> float:
    """The magnitude from which on samples are not explained by the others.

    In a Pareto tail of slope s, the k-th largest of the samples stands off from the next by a factor whose logarithm is
    exponentially distributed with the mean s / k, all of these independent (Renyi 1953, "On the theory of order
    statistics"). The slope is taken from the median and the upper decile, which a few outliers hardly move. A factor
    that is too large by LEAST_FACTOR and by FALSE_ALARMS parts the outliers from the rest.

    Args:
        magnitudes: of each sample's largest value.
        largest: the largest of these, descending: [k].

    Returns:
        infinity where nothing is out of the ordinary.
    """
    most = min(int(LARGEST_SHARE * magnitudes.total), len(largest) - 1)
    if most < 1 or largest[most] <= 0 or (median := magnitudes.quantile(0.5)) <= 0:
        return float("inf")
    slope = np.log(max(magnitudes.quantile(1 - LARGEST_SHARE) / median, 1)) / np.log(0.5 / LARGEST_SHARE)
    place = np.arange(1, most + 1)
    distance = np.log(largest[:most] / largest[1 : most + 1])
    unlikely = distance > np.maximum(slope * np.log(most / FALSE_ALARMS) / place, np.log(LEAST_FACTOR))
    return float(largest[:most][unlikely][-1]) if unlikely.any() else float("inf")
