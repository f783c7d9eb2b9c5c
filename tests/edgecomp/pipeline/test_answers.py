"""What an output means is told by what it gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from edgecomp_runtime.contract import Contract, InputContract, OutputContract

from edgecomp.pipeline.answers import describe_outputs

LOGITS = np.array([[[3.0, -1.0, 0.5]], [[-2.0, 4.0, 1.0]]], np.float32)
SOFTMAX = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=-1, keepdims=True)
SIGMOID = (1 / (1 + np.exp(-LOGITS))).astype(np.float32)
SINGLE = np.array([[[0.2]], [[0.9]]], np.float32)


def described(values: np.ndarray, labels: Sequence[str] = (), class_labels: bool = False) -> OutputContract:
    contract = Contract((InputContract("x", (1, 2)),), (OutputContract("y", values.shape[1:]),))
    return describe_outputs(contract, [[one] for one in values], labels=labels, class_labels=class_labels).outputs[0]


@pytest.mark.parametrize(
    ("values", "labels", "class_labels", "kind", "activation"),
    [
        (SOFTMAX, (), False, "classification", "none"),
        (SOFTMAX, (), True, "classification", "none"),
        (LOGITS, (), False, "values", "none"),
        (LOGITS, (), True, "classification", "softmax"),
        (LOGITS, ("a", "b", "c"), False, "classification", "softmax"),
        (SIGMOID, (), False, "values", "none"),
        (SIGMOID, (), True, "classification", "none"),
        (SINGLE, (), False, "values", "none"),
        (SINGLE, (), True, "classification", "none"),
        (SINGLE, ("no", "yes"), False, "classification", "none"),
        (SINGLE * 9 - 4, (), True, "classification", "sigmoid"),
        (np.ones((2, 1, 1), np.float32), (), False, "values", "none"),
        (np.zeros((2, 1, 4, 4, 3), np.float32), (), True, "values", "none"),
        (np.array([[[1, 0, 0]], [[0, 1, 0]]]), (), True, "values", "none"),
    ],
)
def test_kind_and_activation(
    values: np.ndarray, labels: Sequence[str], class_labels: bool, kind: str, activation: str
) -> None:
    output = described(values, labels, class_labels)
    assert (output.kind, output.activation) == (kind, activation)


def test_labels_are_taken_where_they_fit() -> None:
    assert described(SOFTMAX, ("a", "b", "c")).labels == ("a", "b", "c")
    assert described(SOFTMAX, ("a", "b")).labels == ()
    assert described(SINGLE, ("no", "yes"), class_labels=True).labels == ("no", "yes")


def test_each_output_is_described_by_itself() -> None:
    contract = Contract((InputContract("x", (1, 2)),), (OutputContract("a", (1, 3)), OutputContract("b", (1, 3))))
    outputs = [[soft, logit] for soft, logit in zip(SOFTMAX, LOGITS, strict=True)]
    first, second = describe_outputs(contract, outputs, labels=(), class_labels=False).outputs
    assert (first.kind, second.kind) == ("classification", "values")
