"""Joules over time: what every source of energy is turned into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

FEWEST_SAMPLES = 10
"""In a span whose energy counts."""

LARGEST_GAP = 0.2
"""Between two samples, as a share of the span: what happens in between is not seen."""


@dataclass(frozen=True)
class Span:
    """A stretch of time.

    Args:
        start: in seconds, on the same clock as the curve.
        end: not before `start`.
    """

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class EnergyCurve:
    """Energy used so far, at certain moments.

    Args:
        times: in seconds, rising.
        joules: since the first of them, as many.
    """

    times: np.ndarray
    joules: np.ndarray

    @staticmethod
    def from_power(times: Sequence[float], watts: Sequence[float]) -> EnergyCurve:
        """Integrates power: between two samples it goes over in a straight line.

        Args:
            times: in seconds, in any order; of equal ones the first counts.
            watts: as many.
        """
        at, first = np.unique(np.asarray(times, np.float64), return_index=True)
        power = np.asarray(watts, np.float64)[first]
        steps = np.diff(at) * (power[1:] + power[:-1]) / 2
        return EnergyCurve(at, np.concatenate([np.zeros(min(len(at), 1)), np.cumsum(steps)]))

    @staticmethod
    def from_counter(times: Sequence[float], joules: Sequence[float]) -> EnergyCurve:
        """Takes a counter's readings, which rise.

        Args:
            times: in seconds, rising.
            joules: as many.
        """
        counted = np.asarray(joules, np.float64)
        return EnergyCurve(np.asarray(times, np.float64), counted - (counted[0] if len(counted) else 0.0))

    def between(self, span: Span) -> float:
        """The energy used in a span, in joules. Ask `why_not` first whether it is known."""
        start, end = np.interp([span.start, span.end], self.times, self.joules)
        return float(end - start)

    def watts(self, span: Span) -> float:
        """The mean power in a span that is longer than 0."""
        return self.between(span) / span.seconds

    def samples_in(self, span: Span) -> int:
        """How many samples lie in a span."""
        return int(np.count_nonzero((self.times >= span.start) & (self.times <= span.end)))

    def why_not(self, span: Span) -> Optional[str]:
        """Why the energy of a span is not known, in a few words; None where it is."""
        if len(self.times) == 0 or span.seconds <= 0:
            return "there is no reading"
        margin = LARGEST_GAP * span.seconds
        if self.times[0] > span.start + margin or self.times[-1] < span.end - margin:
            return "the readings do not cover the measurement"
        if self.samples_in(span) < FEWEST_SAMPLES:
            return f"{self.samples_in(span)} readings in {span.seconds:.2f} s are too few ({FEWEST_SAMPLES} are needed)"
        inside = self.times[(self.times >= span.start) & (self.times <= span.end)]
        gaps = np.diff(np.concatenate([[span.start], inside, [span.end]]))
        if float(gaps.max()) > margin:
            return f"there was no reading for {float(gaps.max()):.2f} s of {span.seconds:.2f} s"
        return None
