"""What a model's output means: classes or values, probabilities or scores.

Decided from what it gives, not from its layers, so that it holds for every file format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from edgecomp_runtime.contract import Contract, OutputContract

PROBABILITY_TOLERANCE = 1e-3


def describe_outputs(
    contract: Contract, outputs: Sequence[Sequence[np.ndarray]], *, labels: Sequence[str], class_labels: bool
) -> Contract:
    """Fills in kind, activation and labels of each output.

    Args:
        contract: the contract whose outputs are to be described.
        outputs: the float model's outputs for some samples, each a list in the order of the signature.
        labels: class names, or empty.
        class_labels: whether the data carries class indices as labels.
    """
    described = [
        _describe(one, np.stack([np.asarray(sample[index]) for sample in outputs]), labels, class_labels)
        for index, one in enumerate(contract.outputs)
    ]
    return replace(contract, outputs=tuple(described))


def _describe(output: OutputContract, values: np.ndarray, labels: Sequence[str], class_labels: bool) -> OutputContract:
    if len(output.shape) != 2 or not np.issubdtype(values.dtype, np.floating):
        return replace(output, kind="values", activation="none", labels=())
    columns = output.shape[1]
    named = tuple(labels) if len(labels) == max(columns, 2) else ()
    rows = values.reshape(-1, columns)
    probabilities = bool((rows >= 0).all() and (rows <= 1 + PROBABILITY_TOLERANCE).all())
    sums_to_one = probabilities and bool(np.allclose(rows.sum(axis=1), 1, atol=PROBABILITY_TOLERANCE))
    is_classifier = class_labels or bool(named) or (columns > 1 and sums_to_one)
    if not is_classifier:
        return replace(output, kind="values", activation="none", labels=())
    missing = "sigmoid" if columns == 1 else "softmax"
    return replace(output, kind="classification", activation="none" if probabilities else missing, labels=named)
