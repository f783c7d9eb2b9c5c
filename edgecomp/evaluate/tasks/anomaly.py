"""Autoencoders: what they cannot give back is an anomaly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError
from ..metrics import Outputs
from ..metrics.ranking import average_precision, partial_auc, roc_auc
from .figures import Figures


@dataclass
class AnomalyTally:
    """Keeps one score a sample: the mean squared error of what is given back, or the only number a model gives."""

    _scores: list[float] = field(default_factory=list)
    _labels: list[int] = field(default_factory=list)

    def add(self, outputs: Outputs, label: Any, given: np.ndarray | None = None) -> None:
        """Takes one sample.

        Args:
            outputs: the model's.
            label: 0 for a normal one, 1 for an anomaly.
            given: what the model was to give back, as it got it; None for a model whose output is the score.

        Raises:
            InputError: the label is neither, or the output is no score and not of the size of what it got.
        """
        kind = np.asarray(label).reshape(-1)
        if kind.size != 1 or kind[0] not in (0, 1):
            raise InputError("a label is neither 0 (normal) nor 1 (anomaly); give y so")
        if given is not None and given.size == outputs[0].size:
            error = outputs[0].astype(np.float64).reshape(-1) - given.reshape(-1)
            self._scores.append(float(np.mean(error**2)))
        elif outputs[0].size == 1:
            self._scores.append(float(outputs[0].reshape(-1)[0]))
        else:
            raise InputError(
                "anomalies are found by an output of the input's size, or by one number, and this has neither; give a "
                "--metric of your own"
            )
        self._labels.append(int(kind[0]))

    def headline(self, places: np.ndarray) -> float | None:
        """Area under the receiver operating characteristic."""
        return roc_auc(np.array(self._labels)[places], np.array(self._scores)[places])

    def figures(self, names: Sequence[str] = ()) -> Figures:
        """That area with all that belongs to it."""
        labels, scores = np.array(self._labels), np.array(self._scores)
        return Figures(
            "auc",
            roc_auc(labels, scores),
            len(labels),
            more_is_better=True,
            others={"partial_auc": partial_auc(labels, scores), "average_precision": average_precision(labels, scores)},
        )
