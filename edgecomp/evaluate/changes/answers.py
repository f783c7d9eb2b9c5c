"""Every sample's answer by a model and by its reference, and how sure each was of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Answers:
    """Both models' answers to the same samples.

    Args:
        was: the reference's classes, int64 [n].
        became: the model's, likewise.
        was_score: the reference's probability of its own answer, float64 [n]; NaN where it gives classes only.
        became_score: the model's of its own.
    """

    was: np.ndarray
    became: np.ndarray
    was_score: np.ndarray
    became_score: np.ndarray

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.was)

    @property
    def changed(self) -> np.ndarray:
        """Whether each answer is another one, bool [n]."""
        return np.asarray(self.was != self.became)


def answer_scores(answers: np.ndarray, probabilities: np.ndarray | None) -> np.ndarray:
    """The probability that a model gives to each of its answers, float64 [n]; NaN where it gives none.

    Args:
        answers: classes, int64 [n].
        probabilities: [n, classes], or None of a model that answers with the class itself.
    """
    if probabilities is None:
        return np.full(len(answers), np.nan)
    return np.asarray(probabilities[np.arange(len(answers)), answers], np.float64)
