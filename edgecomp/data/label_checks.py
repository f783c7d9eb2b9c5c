"""Do the labels of a set fit the model's output?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from edgecomp_runtime.contract import OutputContract

from ..errors import InputError
from ..wording import listed
from .dataset import Dataset
from .survey import Survey


def check_labels(dataset: Dataset, outputs: Sequence[OutputContract], survey: Survey, *, evaluation: bool) -> list[str]:
    """Checks the labels against the first output, which is the one they are for.

    Args:
        dataset: the set, for its name and its classes' names.
        outputs: the model's outputs.
        survey: what its labels are.
        evaluation: whether accuracy is to be measured, so that there have to be labels, and of every class.

    Returns:
        Warnings: one sentence each.

    Raises:
        InputError: there are no labels to evaluate with, they are not class indices where the model classifies, they
            are negative or beyond its classes, there are more classes than it has, or targets of another size.
    """
    output = outputs[0] if outputs else None
    if survey.unlabelled == survey.samples:
        if evaluation:
            raise InputError(
                f"{dataset.source}: has no labels, and accuracy needs them; "
                "give class sub-folders, a label column, or y"
            )
        return []
    if output is None or output.kind != "classification":
        return _check_targets(dataset.source, output, survey)
    classes = max(output.shape[-1], 2)
    if survey.targets:
        raise InputError(
            f"{dataset.source}: {survey.first_target} has a label that is not a class index (shape "
            f"{list(survey.target_shape or ())}, a fraction perhaps), but the model classifies; give whole numbers"
        )
    _check_range(dataset, output, survey, classes)
    return _check_classes(dataset, survey, classes, evaluation)


def _check_range(dataset: Dataset, output: OutputContract, survey: Survey, classes: int) -> None:
    lowest, highest = min(survey.classes), max(survey.classes)
    if lowest < 0:
        raise InputError(
            f"{dataset.source}: {survey.first_of_class[lowest]} has the negative label {lowest}; classes count from 0"
        )
    if len(dataset.class_names) > classes:
        raise InputError(
            f"{dataset.source}: has {len(dataset.class_names)} classes ({listed(dataset.class_names)}), but the "
            f"model's output {output.name} has {classes}; give data of the classes that the model knows"
        )
    if highest >= classes:
        counted = "; do they count from 1?" if lowest == 1 and highest == classes else ""
        raise InputError(
            f"{dataset.source}: {survey.first_of_class[highest]} has label {highest}, but the model's output "
            f"{output.name} has the classes 0 to {classes - 1}{counted}"
        )


def _check_classes(dataset: Dataset, survey: Survey, classes: int, evaluation: bool) -> list[str]:
    warnings = []
    if 0 < len(dataset.class_names) < classes:
        told = (
            f"{dataset.source}: has {len(dataset.class_names)} classes, but the model has {classes}; they are taken "
            "for its first ones"
        )
        if evaluation:
            raise InputError(f"{told}, which gives a wrong accuracy: give all labels in the model's order")
        warnings.append(told)
    if len(survey.classes) == 1 and survey.samples > 1:
        only = next(iter(survey.classes))
        name = dataset.class_names[only] if only < len(dataset.class_names) else str(only)
        why = "accuracy on one class says little" if evaluation else "ranges seen on one class may not fit the others"
        warnings.append(f"{dataset.source}: all {survey.samples} samples are of one class ({name}); {why}")
    return warnings


def _check_targets(source: str, output: OutputContract | None, survey: Survey) -> list[str]:
    if output is None or not survey.targets or survey.target_shape is None:
        return []
    wanted = int(np.prod(output.shape[1:], dtype=np.int64))
    given = int(np.prod(survey.target_shape, dtype=np.int64))
    if wanted != given:
        raise InputError(
            f"{source}: {survey.first_target} has a target of shape {list(survey.target_shape)}, but the model's "
            f"output {output.name} has shape {list(output.shape[1:])}; give targets of that shape"
        )
    return []
