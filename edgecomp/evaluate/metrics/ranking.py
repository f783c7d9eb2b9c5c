"""How well a score tells two kinds apart, whatever the threshold: areas under curves."""

from __future__ import annotations

import numpy as np

PARTIAL_FPR = 0.1
"""Share of false alarms up to which the partial area counts; as in DCASE task 2 and MLPerf Tiny."""


def roc_auc(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Area under the receiver operating characteristic; None where only one kind is there.

    Args:
        labels: bool or 0/1, [n].
        scores: higher means 1, [n], finite.
    """
    curve = _roc(labels, scores)
    return None if curve is None else _area(*curve)


def partial_auc(labels: np.ndarray, scores: np.ndarray, max_fpr: float = PARTIAL_FPR) -> float | None:
    """Area up to a share of false alarms, scaled so that 0.5 is chance and 1 is perfect (McClish, 1989).

    Args:
        labels: bool or 0/1, [n].
        scores: higher means 1, [n], finite.
        max_fpr: above 0, at most 1.

    Returns:
        None where only one kind is there.
    """
    curve = _roc(labels, scores)
    if curve is None:
        return None
    fpr, tpr = curve
    inside = np.searchsorted(fpr, max_fpr, side="right")
    end = np.interp(max_fpr, fpr[inside - 1 : inside + 1], tpr[inside - 1 : inside + 1])
    area = _area(np.append(fpr[:inside], max_fpr), np.append(tpr[:inside], end))
    least = 0.5 * max_fpr**2
    return 0.5 * (1 + (area - least) / (max_fpr - least)) if max_fpr < 1 else area


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Mean precision over the steps of recall; 0 where nothing is to be found.

    Args:
        labels: bool or 0/1, [n].
        scores: higher means 1, [n], finite.
    """
    found, alarms = _cumulated(labels, scores)
    if not len(found) or not found[-1]:
        return 0.0
    precision = found / (found + alarms)
    return float(np.sum(np.diff(found, prepend=0) * precision) / found[-1])


def _roc(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """False and true positive rates from 0 to 1."""
    found, alarms = _cumulated(labels, scores)
    if not len(found) or not found[-1] or not alarms[-1]:
        return None
    return np.append(0, alarms / alarms[-1]), np.append(0, found / found[-1])


def _cumulated(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives at each threshold, highest first; equal scores share a threshold."""
    order = np.argsort(-scores, kind="stable")
    positive = np.asarray(labels)[order].astype(bool)
    last = np.ones(len(scores), bool)
    last[:-1] = np.diff(scores[order]) != 0
    places = np.flatnonzero(last)
    return np.cumsum(positive)[places], np.cumsum(~positive)[places]


def _area(x: np.ndarray, y: np.ndarray) -> float:
    """Area under straight lines between points."""
    return float(np.diff(x) @ (y[1:] + y[:-1]) / 2)
