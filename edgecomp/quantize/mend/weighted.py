"""The layers whose weights or biases can still be improved once a network is quantized."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log10

import numpy as np

from ...errors import InputError
from ...tflite import Operator, Subgraph, Tensor

OPERANDS: Mapping[str, tuple[int, int, int]] = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
"""Positions of the data, the weights and the bias among an operator's inputs."""

# The schema's ActivationFunctionType: NONE, RELU, RELU_N1_TO_1, RELU6.
_CLAMPS = {0: (-inf, inf), 1: (0.0, inf), 2: (-1.0, 1.0), 3: (0.0, 6.0)}


@dataclass(frozen=True)
class WeightedLayer:
    """An operator with integer weights, and the float operator that it stands for.

    Args:
        operator: in the quantized network.
        data: what its weights are applied to, int8, int16 or float32.
        weights: int8 or int4, symmetric.
        bias: int32, int64 or float32; None where it has none.
        output: named like the float network's.
        reference_data: the data in the float network.
        reference_weights: float32, shaped like `weights`.
        reference_bias: float32 or None.
        reference_output: the output in the float network.
        clamp: what the float operator's fused activation function limits the output to, in real numbers.
    """

    operator: Operator
    data: Tensor
    weights: Tensor
    bias: Tensor | None
    output: Tensor
    reference_data: Tensor
    reference_weights: Tensor
    reference_bias: Tensor | None
    reference_output: Tensor
    clamp: tuple[float, float]

    @property
    def name(self) -> str:
        return self.output.name

    @property
    def channel_axis(self) -> int:
        """The axis of the weights that counts output channels."""
        return len(self.weights.shape) - 1 if self.operator.name == "DEPTHWISE_CONV_2D" else 0

    @property
    def channels(self) -> int:
        return self.weights.shape[self.channel_axis]

    def bias_unit(self) -> np.ndarray:
        """What a step of the bias is worth in real numbers: float64 [channels]."""
        if self.bias is None or self.bias.quantization is None:
            return np.ones(self.channels)
        return np.broadcast_to(np.array(self.bias.quantization.scale, np.float64), self.channels)


@dataclass(frozen=True)
class LayerChange:
    """What was done to one layer.

    Args:
        name: of its output tensor.
        before_db: signal over error before, in dB, measured as the step that made the change says.
        after_db: likewise after.
        changed: how many of its values are other than before.
    """

    name: str
    before_db: float
    after_db: float
    changed: int


@dataclass(frozen=True)
class Corrected:
    """A file with changed constants, and what was done to it, in the order of the operators."""

    file: bytes
    layers: tuple[LayerChange, ...]


def weighted_layers(reference: Subgraph, quantized: Subgraph) -> dict[int, WeightedLayer]:
    """Matches the operators of both networks that apply constant weights, by the name of their output.

    Args:
        reference: of the float file.
        quantized: of the file made from it.

    Returns:
        by index of the quantized network's operator; those with other than symmetric int8 or int4 weights, with an
        activation function that is no clamp, or with constants that other operators use too are left out.
    """
    uses = Counter(index for operator in quantized.operators for index in set(operator.inputs))
    exact = {reference.tensors[one.outputs[0]].name: one for one in reference.operators if one.name in OPERANDS}
    found = {}
    for operator in quantized.operators:
        counterpart = exact.get(quantized.tensors[operator.outputs[0]].name) if operator.name in OPERANDS else None
        if counterpart is None or counterpart.name != operator.name:
            continue
        layer = _matched(reference, counterpart, quantized, operator)
        if layer is not None and all(uses[one.index] == 1 for one in (layer.weights, layer.bias) if one is not None):
            found[operator.index] = layer
    return found


def _matched(
    reference: Subgraph, counterpart: Operator, quantized: Subgraph, operator: Operator
) -> WeightedLayer | None:
    data, weights, bias = (_operand(quantized, operator, place) for place in OPERANDS[operator.name])
    exact_data, exact_weights, exact_bias = (
        _operand(reference, counterpart, place) for place in OPERANDS[operator.name]
    )
    clamp = _CLAMPS.get(int(counterpart.options.get("fusedActivationFunction", 0)))
    if data is None or weights is None or exact_data is None or exact_weights is None or clamp is None:
        return None
    if not _symmetric_integers(weights) or not _readable_floats(exact_weights) or weights.shape != exact_weights.shape:
        return None
    if any(one is not None and not one.is_constant for one in (bias, exact_bias)):
        return None
    output, exact_output = quantized.tensors[operator.outputs[0]], reference.tensors[counterpart.outputs[0]]
    return WeightedLayer(
        operator, data, weights, bias, output, exact_data, exact_weights, exact_bias, exact_output, clamp
    )


def _operand(graph: Subgraph, operator: Operator, place: int) -> Tensor | None:
    index = operator.inputs[place] if place < len(operator.inputs) else -1
    return graph.tensors[index] if index >= 0 else None


def _symmetric_integers(tensor: Tensor) -> bool:
    quantization = tensor.quantization
    return (
        tensor.is_constant
        and tensor.dtype in ("int8", "int4")
        and not tensor.sparse
        and quantization is not None
        and not any(quantization.zero_point)
    )


def _readable_floats(tensor: Tensor) -> bool:
    try:
        return tensor.is_constant and tensor.values().dtype == np.float32
    except InputError:
        return False


def real(tensor: Tensor, stored: np.ndarray) -> np.ndarray:
    """The real numbers that a computed tensor's stored values stand for: float32, same shape."""
    if tensor.quantization is None or stored.dtype.kind == "f":
        return stored.astype(np.float32, copy=False)
    centred = stored.astype(np.float32) - np.float32(tensor.quantization.zero_point[0])
    scaled: np.ndarray = centred * np.float32(tensor.quantization.scale[0])
    return scaled


def decibels(signal: float, noise: float) -> float:
    """Signal over noise, both energies; infinite without noise."""
    if noise <= 0.0:
        return inf
    return 10 * log10(signal / noise) if signal > 0.0 else -inf
