"""One class out of several; and keyword spotting, which has classes that are no keyword."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from edgecomp_runtime.classes import probabilities
from edgecomp_runtime.contract import OutputContract

from ..metrics import Outputs
from ..metrics.classification import answers, calibration_error, class_figures, confusion_matrix, log_loss, ranks
from .figures import Figures, class_name

CONFUSION_CLASSES = 100
"""With more classes the matrix is left out: nobody reads it, and it would be most of the JSON."""

BACKGROUND = frozenset({"silence", "unknown", "background", "noise", "background_noise", "other", "none"})


@dataclass
class ClassificationTally:
    """Keeps every sample's scores.

    Args:
        output: what the scores mean.
        keywords: whether to count false alarms and misses, too.
    """

    output: OutputContract
    keywords: bool = False
    _scores: list[np.ndarray] = field(default_factory=list)
    _labels: list[int] = field(default_factory=list)

    def add(self, outputs: Outputs, label: Any) -> None:
        """Takes one sample with its class."""
        self.add_all(outputs[0].reshape(1, -1), [label])

    def add_all(self, scores: np.ndarray, labels: Sequence[Any]) -> None:
        """Takes several samples with their classes; scores are [n, …]."""
        self._scores.append(scores.reshape(len(labels), -1))
        self._labels += [int(label) for label in labels]

    @property
    def scores(self) -> np.ndarray:
        """Of all samples, [n, columns]."""
        if len(self._scores) > 1:
            self._scores = [np.concatenate(self._scores)]
        return self._scores[0]

    @property
    def answers(self) -> np.ndarray:
        """The classes answered, int64 [n]."""
        return answers(self.scores, 0.5 if self.output.activation == "none" else 0.0)

    @property
    def labels(self) -> np.ndarray:
        """The classes that were right, int64 [n]."""
        return np.array(self._labels, np.int64)

    @property
    def right(self) -> np.ndarray:
        """Whether each answer is right, bool [n]."""
        return np.asarray(self.answers == self.labels)

    def headline(self, places: np.ndarray) -> float | None:
        """Share of right answers."""
        return float(self.right[places].mean()) if len(places) else None

    def figures(self, names: Sequence[str] = ()) -> Figures:
        """Top-1 with all that belongs to it."""
        labels, given = self.labels, self.answers
        classes = max(int(self.scores.shape[1]), 2, int(labels.max()) + 1, int(given.max()) + 1)
        confusion = confusion_matrix(labels, given, classes)
        by_class = class_figures(confusion)
        others: dict[str, float | None] = {
            "balanced_accuracy": by_class.balanced_accuracy,
            "macro_f1": by_class.macro_f1,
            **self._of_scores(labels),
        }
        if self.keywords:
            others |= _keyword_figures(confusion, names)
        return Figures(
            "top1",
            float(self.right.mean()),
            len(labels),
            more_is_better=True,
            others=others,
            classes=tuple(
                {
                    "name": class_name(names, place),
                    "n": int(by_class.count[place]),
                    "precision": float(by_class.precision[place]),
                    "recall": float(by_class.recall[place]),
                    "f1": float(by_class.f1[place]),
                }
                for place in range(classes)
            ),
            confusion=confusion.tolist() if classes <= CONFUSION_CLASSES else None,
        )

    def probabilities(self) -> np.ndarray | None:
        """Of each class, float64 [n, classes]; None where the model answers with the class itself."""
        scores = self.scores
        return probabilities(scores, self.output) if np.issubdtype(scores.dtype, np.floating) else None

    def _of_scores(self, labels: np.ndarray) -> dict[str, float | None]:
        """What needs more than the answers."""
        given = self.probabilities()
        if given is None or labels.max() >= given.shape[1]:
            return {}
        figures: dict[str, float | None] = {
            "calibration_error": calibration_error(np.clip(given.max(axis=1), 0, 1), self.right),
            "log_loss": log_loss(np.clip(given, 0, 1), labels),
        }
        if given.shape[1] > 5:
            figures = {"top5": float((ranks(self.scores, labels) < 5).mean()), **figures}
        return figures


def _keyword_figures(confusion: np.ndarray, names: Sequence[str]) -> dict[str, float | None]:
    """How often something is heard that was not said, and how often a keyword is not heard."""
    background = np.array([name.strip("_ ").lower() in BACKGROUND for name in names], bool)
    if len(background) != len(confusion) or not background.any() or background.all():
        return {}
    quiet, spoken = confusion[background], confusion[~background]
    return {
        "false_alarms": float(quiet[:, ~background].sum() / quiet.sum()) if quiet.sum() else None,
        "misses": float(spoken[:, background].sum() / spoken.sum()) if spoken.sum() else None,
    }
