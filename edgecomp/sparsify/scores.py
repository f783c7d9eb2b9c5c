"""What a weight is worth: the lower its score, the sooner it becomes zero. All scores are float64."""

from __future__ import annotations

import numpy as np


def magnitude_scores(weights: np.ndarray) -> np.ndarray:
    """The magnitude (Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks")."""
    return np.abs(weights.astype(np.float64))


def energy_scores(weights: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """The energy that a weight adds to its output, which is lost where it becomes zero.

    With the mean square of a weight's input as `energy` this is the score of Sun et al. 2023, "A Simple and Effective
    Pruning Approach for Large Language Models", squared; with one over the diagonal of the inverse second moments it is
    the loss where the other weights make up for it (Hassibi & Stork 1993, "Optimal Brain Surgeon").

    Args:
        weights: [outputs, taps].
        energy: [taps] or [outputs, taps].
    """
    scores: np.ndarray = np.square(weights.astype(np.float64)) * energy
    return scores


def random_scores(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Chance; what every criterion has to beat."""
    return np.random.default_rng(seed).random(shape)
