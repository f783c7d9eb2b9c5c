"""The data of a run: what it calibrates on, what it trains on, and what it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Dataset, check_overlap, open_data, parse_spec, read_labels
from ..data.halves import Unsearched, unsearched
from ..errors import InputError
from ..models import OpenedModel
from .quantizing.holdout import Feeds
from .recipes.plan import Plan


@dataclass(frozen=True)
class Samples:
    """Opened data sets.

    Args:
        calibration: what ranges are observed on.
        evaluation: labelled samples, or None.
        training: samples to train on, with or without labels, or None.
        labels: class names in the order of the outputs, or empty.
        warnings: sentences a user should read.
        overlaps: those of them that say that samples of the evaluation set are in another one, too.
    """

    calibration: Dataset
    evaluation: Dataset | None
    training: Dataset | None
    labels: tuple[str, ...]
    warnings: tuple[str, ...]
    overlaps: tuple[str, ...] = ()

    @property
    def class_labels(self) -> bool:
        """Whether the labels of the evaluation set are class indices."""
        return self.evaluation is not None and has_class_labels(self.evaluation)

    @property
    def most_telling(self) -> Dataset:
        """The set that says most about how the model wants its input: a labelled one, of what it learns from first."""
        given = (self.training, self.calibration, self.evaluation)
        sets = [one for one in given if one is not None and one.labelled]
        return next((one for one in sets if has_class_labels(one)), self.calibration)


def check_specs(*given: Any) -> None:
    """Tells of a mistyped path before the model is opened, which takes seconds.

    Args:
        given: sets of samples; those that are no paths are left for later.

    Raises:
        InputError: a path leads nowhere, or to something that holds no samples.
    """
    for one in given:
        if isinstance(one, (str, Path)):
            parse_spec(str(one))


def class_names(labels: str | Path | Sequence[str] | None) -> Sequence[str] | None:
    """Names of the classes, given as such or as a text file of them.

    Raises:
        InputError: the file cannot be read, is empty, or names a class twice.
    """
    return read_labels(labels) if isinstance(labels, (str, Path)) else labels


def open_samples(
    plan: Plan, model: OpenedModel, data: Any, evaluation: Any, training: Any, labels: Sequence[str] | None
) -> Samples:
    """Opens the sets and checks that the one that judges has nothing in common with the others.

    Args:
        plan: says how many calibration samples are wanted.
        model: whose inputs they have to fit.
        data: calibration samples; None takes them from those to train on.
        evaluation: labelled samples, or None; in `Unsearched` only those that no search has looked at.
        training: samples to train on, or None.
        labels: names of the classes.

    Raises:
        InputError: a set cannot be read or is empty, the evaluation set has no labels or is one of the others.
    """
    calibration = open_data(
        training if data is None else data, inputs=model.inputs, limit=plan.recipe.quantize.samples, labels=labels
    )
    trained = None if training is None else open_data(training, inputs=model.inputs, labels=labels)
    sources = [calibration] if trained is None else [calibration, trained]
    if evaluation is None:
        names = tuple(labels or next((one.class_names for one in reversed(sources) if one.class_names), ()))
        return Samples(calibration, None, trained, names, _warnings(sources))
    spared = isinstance(evaluation, Unsearched)
    judged = open_data(evaluation.spec if spared else evaluation, inputs=model.inputs, labels=labels)
    judged = unsearched(judged) if spared else judged
    if not judged.labelled:
        raise InputError(
            f"{judged.source} has no labels to measure accuracy with: use a folder with one sub-folder per class, "
            "an .npz with x and y, or a CSV of file,label"
        )
    overlaps = check_overlap(calibration, judged)
    if trained is not None:
        overlaps += check_overlap(trained, judged, role="training")
    names = tuple(labels or next((one.class_names for one in (judged, *reversed(sources)) if one.class_names), ()))
    warnings = (*_warnings([*sources, judged]), *overlaps)
    return Samples(calibration, judged, trained, names, warnings, tuple(overlaps))


def _warnings(sets: Sequence[Dataset]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(warning for one in sets for warning in one.warnings))


def has_class_labels(dataset: Dataset) -> bool:
    """Whether a set's labels are class indices."""
    first = next(iter(dataset), None)
    return first is not None and isinstance(first.label, (int, np.integer))


def stacked(samples: Sequence[Feeds]) -> np.ndarray | list[np.ndarray]:
    """Samples [n, ...] in the order of the model's inputs, which the feeds have too; an array for a single input."""
    arrays = [np.concatenate([one[name] for one in samples]) for name in samples[0]]
    return arrays[0] if len(arrays) == 1 else arrays
