"""Any number of labels at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError
from ..metrics import Outputs
from ..metrics.multilabel import multilabel_figures
from .figures import Figures, class_name


@dataclass
class MultilabelTally:
    """Keeps scores and targets.

    Args:
        threshold: a score above it says yes: 0.5 for probabilities, 0 for logits.
    """

    threshold: float = 0.5
    _scores: list[np.ndarray] = field(default_factory=list)
    _targets: list[np.ndarray] = field(default_factory=list)

    def add(self, outputs: Outputs, label: Any) -> None:
        """Takes one sample with a 0 or 1 for each label, or the index of its only one."""
        scores = outputs[0].reshape(-1)
        self._scores.append(scores)
        self._targets.append(_target(label, scores.size))

    def headline(self, places: np.ndarray) -> float | None:
        """F1 over all answers."""
        return multilabel_figures(
            np.stack(self._targets)[places], np.stack(self._scores)[places], self.threshold
        ).micro_f1

    def figures(self, names: Sequence[str] = ()) -> Figures:
        """Micro F1 with all that belongs to it."""
        found = multilabel_figures(np.stack(self._targets), np.stack(self._scores), self.threshold)
        return Figures(
            "micro_f1",
            found.micro_f1,
            len(self._scores),
            more_is_better=True,
            others={
                "macro_f1": found.macro_f1,
                "mean_average_precision": found.mean_average_precision,
                "exact_match": found.exact_match,
                "wrong_labels": found.wrong_labels,
            },
            classes=tuple(
                {
                    "name": class_name(names, place),
                    "n": int(found.count[place]),
                    "precision": float(found.precision[place]),
                    "recall": float(found.recall[place]),
                    "f1": float(found.f1[place]),
                }
                for place in range(len(found.count))
            ),
        )


def _target(label: Any, size: int) -> np.ndarray:
    given = np.asarray(label)
    if given.ndim == 0 and given.dtype.kind in "iu" and 0 <= int(given) < size:
        return np.asarray(np.arange(size) == int(given))
    flat = given.reshape(-1)
    if flat.size != size or not np.isin(flat, (0, 1)).all():
        raise InputError(f"a label is no list of {size} zeros and ones (it has shape {list(given.shape)}); give y so")
    return np.asarray(flat.astype(bool))
