"""How far a quantized file's answers are from the float file's: the one figure that settings are chosen by.

No labels are needed. What is compared is what decides an answer: for classes the differences between them, so that
probabilities that are all close to 1/classes still count; for values their variation from sample to sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Outputs = Sequence[np.ndarray]
"""One sample's outputs, float32, batch axis included."""

CEILING_DB = 90.0
"""Errors below this are those of float arithmetic."""


@dataclass(frozen=True)
class Closeness:
    """What a file's answers have in common with the float file's.

    Args:
        errors: of each sample: energy of the noise over that of the outputs of a typical sample, at most 1 (which
            answering the same to everything has), averaged over the outputs.
        agreement: share of samples with the same class, 0 to 1; None where answers are no classes.
    """

    errors: tuple[float, ...]
    agreement: float | None

    @property
    def n(self) -> int:
        """Samples compared."""
        return len(self.errors)

    @property
    def error(self) -> float:
        """Mean over all samples, 0 to 1. Where answers are sure, a few unsure samples make up nearly all of it."""
        return float(np.mean(self.errors))

    @property
    def decibels(self) -> float:
        """The error in dB below the outputs' energy, more is better; at most `CEILING_DB`."""
        return min(CEILING_DB, abs(10 * math.log10(max(self.error, 1e-12))))

    def evidence_over(self, other: Closeness) -> float:
        """How surely this one is closer than another on the same samples, in standard errors of the difference.

        k samples of many that differ alike, with no difference in the others, are worth the root of k.

        Returns:
            negative where the other is closer; 0 where they do not differ, or a single sample was compared.
        """
        gains = np.subtract(other.errors, self.errors)
        mean = float(gains.mean())
        if mean == 0 or len(gains) < 2:
            return 0.0
        spread = float(gains.std(ddof=1)) / math.sqrt(len(gains))
        return mean / spread if spread > 0 else math.copysign(math.inf, mean)


def closeness(references: Sequence[Outputs], outputs: Sequence[Outputs], *, classes: Sequence[bool]) -> Closeness:
    """Compares the outputs of two files on the same samples.

    Args:
        references: the float file's outputs, sample by sample.
        outputs: the other file's, in the same order.
        classes: for each output, whether it scores classes along its last axis.

    Raises:
        ValueError: there is no sample, or the samples are not as many.
    """
    if not references or len(references) != len(outputs):
        raise ValueError(f"{len(references)} references cannot be compared with {len(outputs)} outputs")
    errors = []
    agreement = None
    for position, scores in enumerate(classes):
        exact = np.stack([np.asarray(one[position], np.float64) for one in references])
        given = np.stack([np.asarray(one[position], np.float64) for one in outputs])
        scores = scores and exact.shape[-1] > 1
        errors.append(_errors(exact, given, centred=scores))
        if scores and agreement is None:
            agreement = float(np.mean(np.argmax(exact, axis=-1) == np.argmax(given, axis=-1)))
    return Closeness(tuple(np.mean(errors, axis=0).tolist()), agreement)


def _errors(exact: np.ndarray, given: np.ndarray, *, centred: bool) -> np.ndarray:
    """Noise over signal of each sample, [samples]; arrays of [samples, ...]."""
    if centred:
        exact = exact - exact.mean(axis=-1, keepdims=True)
        given = given - given.mean(axis=-1, keepdims=True)
        # Not of each sample, as undecided ones have next to none; nor the mean, of which a broken one may be most.
        signal = float(np.median(_energy(exact)))
    else:
        varying = exact - exact.mean(axis=0) if len(exact) > 1 else exact
        signal = float(_energy(varying).mean())
    noise = _energy(exact - given)
    # Where there is no signal, any noise at all is as much as can be.
    capped: np.ndarray = np.minimum(noise / signal, 1.0) if signal > 0 else np.where(noise > 0, 1.0, 0.0)
    return capped


def _energy(values: np.ndarray) -> np.ndarray:
    energy: np.ndarray = np.square(values).reshape(len(values), -1).sum(axis=1)
    return np.where(np.isfinite(energy), energy, np.finfo(np.float64).max / 4)
