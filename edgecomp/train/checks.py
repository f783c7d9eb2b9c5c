"""Does everything fit together? Asked before the first epoch, since the answer is dear after the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..wording import listed
from .examples import UNLABELLED, Examples
from .settings import TrainSettings


def check_networks(student: Any, teacher: Any | None, settings: TrainSettings) -> None:
    """Refuses a student that cannot be trained, or does not fit its teacher.

    Raises:
        InputError: nothing in the student can be trained, or inputs or outputs have other shapes than the teacher's.
    """
    if not student.trainable_variables:
        raise InputError(f"the student {student.name} has no weights that can be trained; are its layers frozen?")
    if settings.recover == "distill" and teacher is None:
        raise InputError("distillation learns from a teacher: give the network that the student came from")
    if teacher is None or not (getattr(student, "inputs", None) and getattr(teacher, "inputs", None)):
        return
    for what in ("inputs", "outputs"):
        ours, theirs = (_shapes(getattr(one, what)) for one in (student, teacher))
        if ours != theirs:
            raise InputError(
                f"the student's {what} have the shapes {listed(ours)}, the teacher's {listed(theirs)}; a student has "
                "to take and give what its teacher does"
            )


def check_outputs(student: Sequence[np.ndarray], teacher: Sequence[np.ndarray] | None, source: str) -> None:
    """Refuses networks whose outputs cannot be learned from, or compared; each array is [examples, ...].

    Raises:
        InputError: NaN or infinity comes out, or the outputs have other shapes.
    """
    for name, outputs in (("student", student), ("teacher", teacher or ())):
        if not all(np.isfinite(one).all() for one in outputs):
            raise InputError(f"the {name} gives NaN or infinity on {source}; check it and --preprocess")
    if teacher is None:
        return
    ours, theirs = ([list(one.shape[1:]) for one in outputs] for outputs in (student, teacher))
    if ours != theirs:
        raise InputError(
            f"the student gives {listed(ours)}, the teacher {listed(theirs)}; a student has to give what its teacher "
            "does"
        )


def check_labels(examples: Examples, output: np.ndarray, outputs: int, settings: TrainSettings) -> list[str]:
    """Refuses labels that do not fit the first output, which is the one they are for.

    Args:
        examples: with their labels.
        output: what the network gives for some of them: [n, ...].
        outputs: how many outputs it has.
        settings: what is to be learned from.

    Returns:
        warnings: one sentence each.

    Raises:
        InputError: there are none where they are needed, class indices are out of range, a class has no example (where
            nothing else says what it looks like), or targets have another size.
    """
    alone = settings.recover == "labels"
    if examples.classes is None and examples.targets is None:
        if alone:
            raise InputError(f"{examples.source} has no labels to train with; give some, or distill from a teacher")
        return []
    if alone and outputs > 1:
        raise InputError(
            f"labels are for the first output, and the network has {outputs}; distill from a teacher, which knows all"
        )
    if examples.classes is None:
        _check_targets(examples, output)
        return []
    return _check_classes(examples, examples.classes, output, alone=alone)


def check_loss(loss: float, step: int, rate: float) -> None:
    """Refuses a training that has come apart.

    Raises:
        InputError: the loss is NaN or infinite.
    """
    if not np.isfinite(loss):
        raise InputError(
            f"the loss is {loss} at step {step}: training has come apart. Give a smaller learning rate than {rate:g}, "
            "and check that labels and preprocessing are right"
        )


def _check_classes(examples: Examples, classes: np.ndarray, output: np.ndarray, *, alone: bool) -> list[str]:
    if output.ndim != 2:
        raise InputError(
            f"{examples.source} has class indices as labels, but the network gives {list(output.shape[1:])} for each "
            "example, not one score a class; give targets of that shape"
        )
    count = max(output.shape[1], 2)
    known = classes != UNLABELLED
    wrong = np.flatnonzero((classes >= count) | (classes < UNLABELLED))
    if len(wrong):
        first = int(wrong[0])
        raise InputError(
            f"{examples.source}: {examples.names[first]} has the class {classes[first]}, but the network has the "
            f"classes 0 to {count - 1}"
        )
    if not known.any():
        return []
    empty = np.flatnonzero(np.bincount(classes[known], minlength=count) == 0)
    if not len(empty):
        return []
    told = [
        f"{index} ({examples.class_names[index]})" if index < len(examples.class_names) else str(index)
        for index in empty.tolist()
    ]
    message = f"{examples.source} has no example of the class {listed(told)}"
    if alone:
        raise InputError(f"{message}; the network would forget it: add some, or distill from a teacher")
    return [f"{message}: only the teacher says what it looks like"]


def _check_targets(examples: Examples, output: np.ndarray) -> None:
    assert examples.targets is not None
    wanted, given = int(np.prod(output.shape[1:])), int(np.prod(examples.targets.shape[1:]))
    if wanted != given:
        raise InputError(
            f"{examples.source} has targets of shape {list(examples.targets.shape[1:])}, but the network gives "
            f"{list(output.shape[1:])}; give targets of that shape"
        )


def _shapes(tensors: Sequence[Any]) -> list[list[int | None]]:
    return [list(tensor.shape[1:]) for tensor in tensors]
