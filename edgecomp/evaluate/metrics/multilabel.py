"""Any number of labels at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .classification import shares
from .ranking import average_precision


@dataclass(frozen=True)
class MultilabelFigures:
    """What a model is worth that answers yes or no for each label; 0 where a figure has nothing to count.

    Args:
        micro_f1: F1 over all answers.
        macro_f1: mean F1 of the labels.
        exact_match: share of samples with every label right, 0 to 1.
        wrong_labels: share of answers that are wrong (Hamming loss), 0 to 1.
        mean_average_precision: mean over the labels; those that no sample has are left out. None where none is had.
        count: samples that have each label, int64 [labels].
        precision, recall, f1: of each label, float64 [labels].
    """

    micro_f1: float
    macro_f1: float
    exact_match: float
    wrong_labels: float
    mean_average_precision: float | None
    count: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def multilabel_figures(targets: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> MultilabelFigures:
    """Counts answers.

    Args:
        targets: bool [n, labels], n at least 1.
        scores: [n, labels].
        threshold: a score above it says yes.
    """
    answers = scores > threshold
    right, count, answered = (targets & answers).sum(axis=0), targets.sum(axis=0), answers.sum(axis=0)
    f1 = shares(2 * right, count + answered)
    precisions = [average_precision(targets[:, one], scores[:, one]) for one in np.flatnonzero(count)]
    return MultilabelFigures(
        micro_f1=float(shares(2 * right.sum(), count.sum() + answered.sum())),
        macro_f1=float(f1.mean()),
        exact_match=float((targets == answers).all(axis=1).mean()),
        wrong_labels=float((targets != answers).mean()),
        mean_average_precision=float(np.mean(precisions)) if precisions else None,
        count=count,
        precision=shares(right, answered),
        recall=shares(right, count),
        f1=f1,
    )
