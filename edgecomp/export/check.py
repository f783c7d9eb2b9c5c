"""Is the exported file the model it was exported from, and is it folded as far as it can be?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import EdgecompError, InputError
from ..tflite import Operator, Subgraph, Tensor, TfliteModel
from ..tflite.layers import operator_layers

RELATIVE_TOLERANCE = 1e-3
"""Largest allowed difference as a share of the largest absolute value of that output. Float kernels add up in
another order than TensorFlow's; over a hundred layers that stays below 1e-4, while a lost weight shows at once."""


class ExportMismatchError(EdgecompError):
    """The exported float file does not compute what the model computes."""


def check_outputs(
    expected: Sequence[np.ndarray], actual: Sequence[np.ndarray], names: Sequence[str], sample: str
) -> float:
    """Compares the outputs of one sample.

    Args:
        expected: the original model's outputs.
        actual: the exported file's outputs, in the same order.
        names: the outputs' names.
        sample: the sample's name, for the message.

    Returns:
        The largest difference as a share of the output's largest absolute value.

    Raises:
        ExportMismatchError: a shape differs, or a value by more than `RELATIVE_TOLERANCE`.
        InputError: the original gives NaN or infinity.
    """
    worst = 0.0
    for name, wanted, got in zip(names, expected, actual, strict=True):
        if wanted.shape != got.shape:
            raise ExportMismatchError(
                f"the exported file's output '{name}' has shape {got.shape} where the model has {wanted.shape}"
            )
        if not np.isfinite(wanted).all():
            raise InputError(
                f"the model itself gives NaN or infinity at output '{name}' for {sample}; "
                "check the model and --preprocess"
            )
        scale = float(np.abs(wanted).max(initial=0.0)) + 1e-7
        difference = float(np.abs(wanted.astype(np.float64) - got.astype(np.float64)).max(initial=0.0)) / scale
        if not difference <= RELATIVE_TOLERANCE:
            raise ExportMismatchError(
                f"the exported file does not compute what the model computes: output '{name}' differs by "
                f"{difference:.2%} of its largest value on {sample} (allowed: {RELATIVE_TOLERANCE:.1%}). "
                "Please report it with the model."
            )
        worst = max(worst, difference)
    return worst


WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
"""Operators whose weights and bias can take up a factor and an offset per output channel."""

AFFINE = frozenset({"MUL", "ADD", "SUB", "DIV"})
"""What BatchNormalization becomes where it is not folded."""


@dataclass(frozen=True)
class Unfolded:
    """An operator that could have been folded into the weights before it.

    Args:
        operator: "MUL", "ADD", "SUB" or "DIV".
        after: the operator whose weights it could have gone into.
        layer: the Keras layer of that operator, or its output's name where none can be told.
    """

    operator: str
    after: str
    layer: str

    def __str__(self) -> str:
        return (
            f"A constant {self.operator} was left behind the {self.after} of {self.layer}, where it belongs into the "
            "weights (BatchNormalization that was not folded): it costs time on the device."
        )


def find_unfolded(model: TfliteModel, layer_names: Collection[str] = ()) -> tuple[Unfolded, ...]:
    """Finds factors and offsets per channel that were left behind a convolution or dense layer.

    An activation in between, or somebody else who reads the unscaled result, makes folding impossible; such places are
    no findings.

    Args:
        model: a float .tflite as read.
        layer_names: the Keras model's layers, if known.
    """
    found = []
    for graph in model.subgraphs:
        layers = operator_layers(graph, layer_names)
        foldable = _foldable_results(graph)
        for operator in graph.operators:
            source = foldable.get(_scaled(graph, operator))
            if source is not None:
                layer = layers[source.index] or graph.tensors[source.outputs[0]].name
                found.append(Unfolded(operator.name, source.name, layer))
    return tuple(found)


def _foldable_results(graph: Subgraph) -> dict[int, Operator]:
    """By tensor: the operators with weights whose result has one reader and went through no activation."""
    readers = Counter([*(index for one in graph.operators for index in one.inputs), *graph.outputs])
    return {
        one.outputs[0]: one
        for one in graph.operators
        if one.name in WEIGHTED
        and not one.options.get("fusedActivationFunction", 0)
        and len(one.outputs) == 1
        and readers[one.outputs[0]] == 1
        and any(tensor.is_constant for tensor in graph.tensors_of(one.inputs[1:2]))
    }


def _scaled(graph: Subgraph, operator: Operator) -> int:
    """The tensor that an operator scales or shifts by one constant a channel; -1 where it does something else."""
    operands = graph.tensors_of(operator.inputs)
    if operator.name not in AFFINE or len(operands) != 2:
        return -1
    value, constant = operands
    if value.is_constant and operator.name != "DIV":  # constant / x is no factor
        value, constant = constant, value
    if value.is_constant or not _per_channel(value, constant):
        return -1
    return value.index


def _per_channel(value: Tensor, constant: Tensor) -> bool:
    last = constant.shape[-1] if constant.shape else 1
    return constant.is_constant and constant.elements == last and last in (1, *value.shape[-1:])
