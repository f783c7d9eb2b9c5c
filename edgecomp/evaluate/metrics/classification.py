"""One class out of several: confusion, precision, recall, F1, ranks, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CALIBRATION_BINS = 15
"""As in Guo et al., "On Calibration of Modern Neural Networks", 2017."""

_LEAST_PROBABILITY = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class ClassFigures:
    """What a classifier is worth on each class; 0 where a figure has nothing to count.

    Args:
        count: samples of the class, int64, shape [classes].
        answered: answers of the class, likewise.
        precision: share of right ones among the answers of the class, float64, shape [classes].
        recall: share of the class' samples that were answered by it, likewise.
        f1: harmonic mean of the two, likewise.
    """

    count: np.ndarray
    answered: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that were there or were answered."""
        return float(self.f1[self._seen].mean()) if self._seen.any() else 0.0

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that were there."""
        return float(self.recall[self.count > 0].mean()) if (self.count > 0).any() else 0.0

    @property
    def _seen(self) -> np.ndarray:
        return np.asarray((self.count > 0) | (self.answered > 0))


def answers(scores: np.ndarray, binary_threshold: float) -> np.ndarray:
    """The class that each row answers, as the device package's `answer` does for one; int64 [n].

    Args:
        scores: [n, columns].
        binary_threshold: of a single column: 0.5 for a probability, 0 for a logit.
    """
    if scores.shape[1] > 1:
        return np.asarray(scores.argmax(axis=1), np.int64)
    if np.issubdtype(scores.dtype, np.floating):
        return np.asarray(scores[:, 0] > binary_threshold, np.int64)
    return np.asarray(scores[:, 0], np.int64)


def confusion_matrix(labels: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """How often each class was answered by each: int64 [classes, classes], rows are labels, columns answers.

    Args:
        labels: int64 [n], 0 to classes - 1.
        answers: likewise.
        classes: how many there are.
    """
    counts = np.bincount(labels * classes + answers, minlength=classes * classes)
    return np.asarray(counts.reshape(classes, classes))


def class_figures(confusion: np.ndarray) -> ClassFigures:
    """Precision, recall and F1 of each class.

    Args:
        confusion: as `confusion_matrix` gives it.
    """
    right, count, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassFigures(
        count=count,
        answered=answered,
        precision=shares(right, answered),
        recall=shares(right, count),
        f1=shares(2 * right, count + answered),
    )


def shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`part / whole`, 0 where `whole` is 0; float64."""
    return np.asarray(np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0))


def ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes come before the label's; of equal scores the lower index comes first, as in an argmax.

    Args:
        scores: [n, classes].
        labels: int64 [n].

    Returns:
        int64 [n]; 0 is the answer itself.
    """
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    before = np.arange(scores.shape[1]) < labels[:, None]
    return np.asarray(((scores > own) | ((scores == own) & before)).sum(axis=1))


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error: how far the probability of answers lies from how often they are right, 0 to 1.

    Args:
        confidence: probability of each answer, [n], n at least 1.
        right: bool [n].
        bins: equally wide; the upper edge belongs to a bin.
    """
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(place, confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy in nats; a probability counts as no less than float32 resolves.

    Args:
        probabilities: [n, classes].
        labels: int64 [n].
    """
    normal = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), _LEAST_PROBABILITY)
    own = np.take_along_axis(normal, labels[:, None], axis=1)
    return float(-np.log(np.clip(own, _LEAST_PROBABILITY, 1.0)).mean())
