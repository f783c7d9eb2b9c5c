"""Which task a model is for: named, or told by its outputs and the labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract, OutputContract

from ...errors import InputError
from .anomaly import AnomalyTally
from .classification import ClassificationTally
from .custom import CustomTally, load_metric
from .detection import DetectionTally, is_detector
from .figures import Tally
from .multilabel import MultilabelTally
from .regression import RegressionTally
from .segmentation import SegmentationTally

TASKS = ("classification", "keyword", "multilabel", "regression", "anomaly", "segmentation", "detection")


def check_task(name: str) -> str:
    """A task by its name, or `package.module:callable`, as given.

    Raises:
        InputError: it is neither.
    """
    if name in TASKS or ":" in name.strip(":"):
        return name
    raise InputError(f"--metric {name} is none of {', '.join(TASKS)}, nor package.module:callable")


def detect_task(
    inputs: Sequence[tuple[int, ...]],
    outputs: Sequence[tuple[int, ...]],
    labels: Sequence[Any],
    *,
    class_itself: bool = False,
) -> str:
    """The task by shapes and labels.

    Args:
        inputs: shapes of the inputs, batch of 1 first.
        outputs: shapes of the outputs, likewise.
        labels: of a few samples: class indices or arrays.
        class_itself: whether the first output is of whole numbers, as of a model that ends in an argmax.
    """
    if is_detector(outputs):
        return "detection"
    first = outputs[0]
    whole = all(_whole(label) for label in labels)
    size = int(np.prod(first))
    if all(np.ndim(label) == 0 for label in labels) and whole:
        two = all(int(label) in (0, 1) for label in labels)
        if size == 1 and not two and not class_itself:
            return "regression"
        same = len(inputs) == len(outputs) == 1 and first == inputs[0] and size > 2
        return "anomaly" if same and two else "classification"
    if len(first) == 4 and whole and all(np.size(label) * first[-1] == size for label in labels):
        return "segmentation"
    zero_one = whole and all(np.isin(label, (0, 1)).all() for label in labels)
    if zero_one and len(first) == 2 and first[1] > 1 and all(np.size(label) == size for label in labels):
        return "multilabel"
    return "regression"


def new_tally(task: str, contract: Contract) -> Tally:
    """An empty tally of a task.

    Args:
        task: as `check_task` or `detect_task` gives it.
        contract: what the outputs mean; the one that is judged first.

    Raises:
        InputError: a function of the user's own cannot be imported.
    """
    output = contract.outputs[0]
    threshold = 0.5 if output.activation == "none" else 0.0
    match task:
        case "classification" | "keyword":
            return ClassificationTally(output, keywords=task == "keyword")
        case "multilabel":
            return MultilabelTally(threshold)
        case "regression":
            return RegressionTally()
        case "anomaly":
            return AnomalyTally()
        case "segmentation":
            return SegmentationTally(threshold)
        case "detection":
            return DetectionTally()
        case _:
            return CustomTally(task, load_metric(task))


def judged_contract(task: str, contract: Contract, rows: Sequence[Sequence[np.ndarray]]) -> Contract:
    """The contract with what its first output means for a task, where that is not for classes to say.

    Args:
        task: the task.
        contract: the contract as far as it is known.
        rows: outputs of a few samples, from which it is told whether scores are probabilities.
    """
    if task in ("classification", "keyword"):
        return contract
    outputs = list(contract.outputs)
    if task in ("multilabel", "segmentation"):
        values = np.concatenate([np.asarray(row[0]).reshape(-1) for row in rows])
        inside = bool(np.all((values >= -1e-3) & (values <= 1 + 1e-3)))
        outputs[0] = _meaning("values", "none" if inside else "sigmoid", outputs[0])
    elif task != "detection":
        outputs[0] = _meaning("values", "none", outputs[0])
    return Contract(contract.inputs, tuple(outputs), contract.preprocess)


def _meaning(kind: str, activation: str, output: OutputContract) -> OutputContract:
    return OutputContract(output.name, output.shape, kind, activation, output.labels)


def _whole(label: Any) -> bool:
    values = np.asarray(label)
    return values.dtype.kind in "bui" or bool(np.all(values == np.rint(values)))
