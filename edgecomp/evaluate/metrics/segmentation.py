"""A class for each pixel: intersection over union."""

from __future__ import annotations

import numpy as np

from .classification import confusion_matrix, shares


def pixel_confusion(labels: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """`confusion_matrix` of one mask; labels that are no class are left out.

    One is 255, with which PASCAL VOC and Cityscapes mark borders.

    Args:
        labels: whole numbers of any shape.
        answers: of the same size.
        classes: how many there are.
    """
    labels, answers = labels.reshape(-1).astype(np.int64), answers.reshape(-1).astype(np.int64)
    known = (labels >= 0) & (labels < classes)
    return confusion_matrix(labels[known], answers[known], classes)


def intersection_over_union(confusion: np.ndarray) -> np.ndarray:
    """Of each class, float64 [classes]; NaN for one that is neither there nor answered."""
    right = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - right
    return np.where(union > 0, shares(right, union), np.nan)


def mean_iou(confusion: np.ndarray) -> float | None:
    """Mean over the classes that are there or answered; None where there are none."""
    known = intersection_over_union(confusion)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else None


def pixel_accuracy(confusion: np.ndarray) -> float | None:
    """Share of right pixels, 0 to 1; None without pixels."""
    total = int(confusion.sum())
    return float(np.trace(confusion)) / total if total else None
