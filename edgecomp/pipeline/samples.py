"""The data of a run: what it calibrates on, and what it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Dataset, check_overlap, open_data
from ..errors import InputError
from ..models import OpenedModel
from .plan import Plan


@dataclass(frozen=True)
class Samples:
    """Opened data sets.

    Args:
        calibration: what ranges are observed on.
        evaluation: labelled samples, or None.
        labels: class names in the order of the outputs, or empty.
        warnings: sentences a user should read.
    """

    calibration: Dataset
    evaluation: Dataset | None
    labels: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def class_labels(self) -> bool:
        """Whether the labels of the evaluation set are class indices."""
        return self.evaluation is not None and has_class_labels(self.evaluation)

    @property
    def most_telling(self) -> Dataset:
        """The set that says most about how the model wants its input: a labelled one, calibration first."""
        sets = [one for one in (self.calibration, self.evaluation) if one is not None and one.labelled]
        return next((one for one in sets if has_class_labels(one)), self.calibration)


def open_samples(plan: Plan, model: OpenedModel, data: Any, evaluation: Any, labels: Sequence[str] | None) -> Samples:
    """Opens both sets and checks that they have nothing in common.

    Raises:
        InputError: a set cannot be read or is empty, the evaluation set has no labels or is the calibration set.
    """
    calibration = open_data(data, inputs=model.inputs, limit=plan.recipe.quantize.samples, labels=labels)
    if evaluation is None:
        return Samples(calibration, None, tuple(labels or calibration.class_names), tuple(calibration.warnings))
    judged = open_data(evaluation, inputs=model.inputs, labels=labels)
    if not judged.labelled:
        raise InputError(
            f"{judged.source} has no labels to measure accuracy with: use a folder with one sub-folder per class, "
            "an .npz with x and y, or a CSV of file,label"
        )
    warnings = (*calibration.warnings, *judged.warnings, *check_overlap(calibration, judged))
    names = tuple(labels or judged.class_names or calibration.class_names)
    return Samples(calibration, judged, names, warnings)


def has_class_labels(dataset: Dataset) -> bool:
    """Whether a set's labels are class indices."""
    first = next(iter(dataset), None)
    return first is not None and isinstance(first.label, (int, np.integer))
