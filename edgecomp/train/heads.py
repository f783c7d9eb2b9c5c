"""What each output means to training: a choice among classes, independent yes-or-no questions, or values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from edgecomp_runtime.contract import OutputContract

Task = Literal["classes", "independent", "values"]

_SMALLEST = 1e-30
"""Probabilities are no smaller than this before their logarithm is taken; float32 holds it."""

_EDGE = 1e-7
"""Probabilities of one class stay this far from 0 and 1, as in Keras' own losses."""

_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Head:
    """One output.

    Args:
        task: "classes" where the last axis is one choice, "independent" where each score is a question of its own,
            "values" for anything else.
        variance: of values, over examples: what an error is measured by.
    """

    task: Task
    variance: float = 1.0


def read_heads(contracts: Sequence[OutputContract], outputs: Sequence[np.ndarray], *, yes_or_no: bool) -> list[Head]:
    """Tells what the outputs mean.

    Args:
        contracts: what is known of them.
        outputs: what the teacher, or the network as it is given, gives for some examples: [n, ...] each.
        yes_or_no: whether the labels are targets of 0 and 1.
    """
    return [
        _head(contract, values, yes_or_no and index == 0)
        for index, (contract, values) in enumerate(zip(contracts, outputs, strict=True))
    ]


def gives_probabilities(head: Head, outputs: np.ndarray) -> bool:
    """Whether a network gives probabilities where another might give scores, told from some of its outputs [n, ...]."""
    if head.task == "classes":
        return is_distribution(outputs)
    return head.task == "independent" and bool(outputs.min() >= 0 and outputs.max() <= 1 + _TOLERANCE)


def is_distribution(values: np.ndarray) -> bool:
    """Whether the values along the last axis are probabilities of which one comes true."""
    return values.shape[-1] > 1 and bool(values.min() >= 0) and bool(np.allclose(values.sum(-1), 1, atol=_TOLERANCE))


def scores(head: Head, output: Any, *, probabilities: bool) -> Any:
    """Scores before softmax or sigmoid, float32; of softmax they differ from the network's own by one number a row."""
    import tensorflow as tf

    output = tf.cast(output, tf.float32)
    if head.task == "values" or not probabilities:
        return output
    if head.task == "classes":
        return tf.math.log(tf.maximum(output, _SMALLEST))
    clipped = tf.clip_by_value(output, _EDGE, 1 - _EDGE)
    return tf.math.log(clipped) - tf.math.log1p(-clipped)


def _head(contract: OutputContract, values: np.ndarray, yes_or_no: bool) -> Head:
    if is_distribution(values):
        return Head("classes")
    if contract.kind == "classification":
        within = bool(values.min() >= 0 and values.max() <= 1 + _TOLERANCE)
        single = values.shape[-1] == 1
        return Head("independent" if single or (within and contract.activation == "none") else "classes")
    if yes_or_no:
        return Head("independent")
    variance = float(np.var(values.astype(np.float64), axis=0).mean())
    return Head("values", variance if variance > 0 else 1.0)


def is_yes_or_no(targets: np.ndarray | None) -> bool:
    """Whether targets are all 0 or 1 (or NaN, for none), and not all the same."""
    if targets is None:
        return False
    given = np.unique(targets[np.isfinite(targets)])
    return set(given.tolist()) == {0.0, 1.0}
