"""Boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError
from ..metrics import Outputs
from ..metrics.detection import Boxes, detection_figures
from .figures import Figures, class_name

_PIXELS = 1000.0
"""Boxes are shares of the image; pycocotools counts in pixels."""


@dataclass
class DetectionTally:
    """Keeps the boxes of each image."""

    _wanted: list[Boxes] = field(default_factory=list)
    _found: list[Boxes] = field(default_factory=list)

    def add(self, outputs: Outputs, label: Any) -> None:
        """Takes one image.

        Args:
            outputs: as TensorFlow Lite's detection models give them: boxes [1, n, 4] (top, left, bottom, right, as
                shares of the image), classes [1, n], scores [1, n], and perhaps how many of them count [1]; told apart
                by shape, classes from scores by being whole numbers.
            label: [boxes, 5]: top, left, bottom, right, class; rows of class -1 fill up.

        Raises:
            InputError: the label or the outputs have another shape.
        """
        rows = np.asarray(label, np.float64)
        if rows.ndim != 2 or rows.shape[1] != 5:
            raise InputError(
                f"a label of shape {list(rows.shape)} is no list of boxes; give y as [samples, boxes, 5]: top, left, "
                "bottom, right (0 to 1), class, filled up with rows of class -1"
            )
        rows = rows[rows[:, 4] >= 0]
        self._wanted.append(Boxes(rows[:, :4], rows[:, 4].astype(np.int64)))
        self._found.append(found_boxes(outputs))

    def headline(self, places: np.ndarray) -> float | None:
        """COCO's mean average precision."""
        return detection_figures(
            [self._wanted[one] for one in places], [self._found[one] for one in places], _PIXELS
        ).map

    def figures(self, names: Sequence[str] = ()) -> Figures:
        """That with all that belongs to it."""
        found = detection_figures(self._wanted, self._found, _PIXELS)
        return Figures(
            "map",
            found.map,
            len(self._wanted),
            more_is_better=True,
            others={"map50": found.map50, "map75": found.map75, "recall": found.recall},
            classes=tuple({"name": class_name(names, one), "map": value} for one, value in found.by_class.items()),
        )


def is_detector(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether outputs of these shapes are boxes, classes and scores."""
    boxes = [shape for shape in shapes if len(shape) == 3 and shape[-1] == 4]
    return len(boxes) == 1 and len(shapes) in (3, 4) and shapes.count(boxes[0][:2]) == 2


def found_boxes(outputs: Outputs) -> Boxes:
    """Boxes from a detector's outputs; see `DetectionTally.add`.

    Raises:
        InputError: the outputs are not such.
    """
    if not is_detector([one.shape for one in outputs]):
        raise InputError(
            "the outputs are no boxes [1, n, 4], classes [1, n] and scores [1, n]; give a function of your own as "
            "--metric package.module:callable"
        )
    corners = next(one for one in outputs if one.ndim == 3)[0].astype(np.float64)
    one, other = (array[0].astype(np.float64) for array in outputs if array.shape == (1, len(corners)))
    classes, scores = (one, other) if _whole(one) and not (_whole(other) and one.max(initial=0) <= 1) else (other, one)
    counts = [int(array.reshape(-1)[0]) for array in outputs if array.size == 1 and array.ndim == 1]
    kept = np.arange(len(corners)) < (counts[0] if counts else len(corners))
    return Boxes(corners[kept], np.rint(classes[kept]).astype(np.int64), scores[kept])


def _whole(values: np.ndarray) -> bool:
    return bool(np.all(values == np.rint(values)))
