"""A class for each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError
from ..metrics import Outputs
from ..metrics.segmentation import intersection_over_union, mean_iou, pixel_accuracy, pixel_confusion
from .figures import Figures, class_name


@dataclass
class SegmentationTally:
    """Keeps each sample's confusion matrix.

    Args:
        threshold: of a mask of one channel, a score above it is class 1.
    """

    threshold: float = 0.5
    _matrices: list[np.ndarray] = field(default_factory=list)

    def add(self, outputs: Outputs, label: Any) -> None:
        """Takes one sample with a class for each pixel of the output."""
        scores, mask = outputs[0], np.asarray(label)
        channels = scores.shape[-1]
        answers = scores[..., 0] > self.threshold if channels == 1 else scores.argmax(axis=-1)
        if mask.size != answers.size:
            raise InputError(
                f"a mask of shape {list(mask.shape)} does not fit the output's {list(scores.shape[1:-1])} pixels; "
                "give y in that size"
            )
        self._matrices.append(pixel_confusion(mask, answers, max(channels, 2)))

    def headline(self, places: np.ndarray) -> float | None:
        """Mean intersection over union."""
        return mean_iou(np.stack(self._matrices)[places].sum(axis=0))

    def figures(self, names: Sequence[str] = ()) -> Figures:
        """That with all that belongs to it."""
        confusion = np.sum(self._matrices, axis=0)
        overlaps = intersection_over_union(confusion)
        return Figures(
            "miou",
            mean_iou(confusion),
            len(self._matrices),
            more_is_better=True,
            others={"pixel_accuracy": pixel_accuracy(confusion)},
            classes=tuple(
                {"name": class_name(names, place), "n": int(confusion[place].sum()), "iou": float(overlap)}
                for place, overlap in enumerate(overlaps)
                if not np.isnan(overlap)
            ),
        )
