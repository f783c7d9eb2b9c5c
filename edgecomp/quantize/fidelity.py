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

TRIMMED = 1 / 8
"""Share of the samples, the worst ones, that do not count: broken samples must not decide about the sound ones."""

CEILING_DB = 90.0
"""Errors below this are those of float arithmetic."""


@dataclass(frozen=True)
class Closeness:
    """What a file's answers have in common with the float file's.

    Args:
        error: energy of the noise over that of the outputs, at most 1 (which answering the same to everything has),
            averaged over samples and outputs.
        agreement: share of samples with the same class, 0 to 1; None where answers are no classes.
        n: samples compared.
    """

    error: float
    agreement: float | None
    n: int

    @property
    def decibels(self) -> float:
        """The error in dB below the outputs' energy, more is better; at most `CEILING_DB`."""
        return min(CEILING_DB, abs(10 * math.log10(max(self.error, 1e-12))))


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
        errors.append(_error(exact, given, centred=scores))
        if scores and agreement is None:
            agreement = float(np.mean(np.argmax(exact, axis=-1) == np.argmax(given, axis=-1)))
    return Closeness(float(np.mean(errors)), agreement, len(references))


def _error(exact: np.ndarray, given: np.ndarray, *, centred: bool) -> float:
    """Noise over signal, averaged over all but the worst samples; arrays of [samples, ...]."""
    count = len(exact)
    if centred:
        exact = exact - exact.mean(axis=-1, keepdims=True)
        given = given - given.mean(axis=-1, keepdims=True)
        signal = _energy(exact)
    else:
        varying = exact - exact.mean(axis=0) if count > 1 else exact
        signal = np.full(count, _energy(varying).mean())
    noise = _energy(exact - given)
    # Where there is no signal, any noise at all is as much as can be.
    ratios = np.divide(noise, signal, out=np.where(noise > 0, 1.0, 0.0), where=signal > 0)
    return float(np.sort(np.minimum(ratios, 1.0))[: count - int(count * TRIMMED)].mean())


def _energy(values: np.ndarray) -> np.ndarray:
    energy: np.ndarray = np.square(values).reshape(len(values), -1).sum(axis=1)
    return np.where(np.isfinite(energy), energy, np.finfo(np.float64).max / 4)
