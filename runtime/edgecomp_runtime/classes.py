"""From a row of scores to the most likely classes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .contract import OutputContract


class Prediction(NamedTuple):
    """One class and how likely it is.

    Args:
        label: its name, or its number as text where names are not known.
        index: its number.
        score: its probability (or what the model gives for one), 0 to 1.
    """

    label: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody looks for here
    score: float


def probabilities(scores: np.ndarray, output: OutputContract) -> np.ndarray:
    """Applies what the contract says still has to be applied; a single column becomes its two classes.

    Args:
        scores: float32, samples x columns.
        output: the output's contract.

    Returns:
        float64, samples x classes.
    """
    values = scores.astype(np.float64)
    if output.activation == "softmax":
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        values = powers / powers.sum(axis=-1, keepdims=True)
    elif output.activation == "sigmoid":
        values = 0.5 * (1.0 + np.tanh(0.5 * values))  # the same function, which cannot overflow
    return np.concatenate([1.0 - values, values], axis=-1) if values.shape[-1] == 1 else values


def rank(row: np.ndarray, labels: tuple[str, ...], top: int) -> list[Prediction]:
    """The highest scores, highest first; of equal ones the lower index first.

    Args:
        row: one sample's score for each class.
        labels: their names, or empty.
        top: how many.
    """
    best = np.argsort(-row, kind="stable")[:top]
    return [Prediction(labels[i] if i < len(labels) else str(i), int(i), float(row[i])) for i in best]
