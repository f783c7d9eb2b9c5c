"""The operators of a float .tflite whose weights may be rescaled, and their weights by input and output channel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...tflite import Operator, TfliteModel

# Positions of the data, the weights and the bias among the inputs.
_OPERANDS = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
_VALID = 1  # the schema's Padding.VALID


@dataclass(frozen=True)
class RescalableOperator:
    """An operator whose weights may be changed, since no other operator uses them.

    Args:
        operator: as the file has it.
        data: index of the tensor it reads.
        output: index of the tensor it computes.
        weights: index of its weights.
        bias: index of its bias; -1 where it has none.
        own_bias: whether it has a bias that no other operator uses.
        values: float32 [out, taps, in]; for a depthwise convolution [taps, out], where output channel `in * m + j`
            reads input channel `in` only, m being the depth multiplier.
        channels_in: of the data.
        channels_out: of the output.
    """

    operator: Operator
    data: int
    output: int
    weights: int
    bias: int
    own_bias: bool
    values: np.ndarray
    channels_in: int
    channels_out: int

    @property
    def depthwise(self) -> bool:
        return self.operator.name == "DEPTHWISE_CONV_2D"

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return int(self.values.shape[0 if self.depthwise else 1])

    @property
    def multiplier(self) -> int:
        """Output channels per input channel of a depthwise convolution."""
        return self.channels_out // self.channels_in

    @property
    def density(self) -> float:
        """Share of the kernel's positions that meet a value: a transposed convolution puts zeros in between."""
        if self.operator.name != "TRANSPOSE_CONV":
            return 1.0
        return 1.0 / max(1, int(self.operator.options["strideH"]) * int(self.operator.options["strideW"]))

    @property
    def pads(self) -> bool:
        """Whether a sum at the border may lack some of the inputs."""
        if self.operator.name == "FULLY_CONNECTED":
            return False
        if self.operator.name == "TRANSPOSE_CONV":
            return True
        return self.taps > 1 and self.operator.options["padding"] != _VALID

    @property
    def fused_activation(self) -> int:
        """The schema's ActivationFunctionType."""
        return int(self.operator.options.get("fusedActivationFunction", 0))

    def rescaled(self, inward: np.ndarray, outward: np.ndarray) -> np.ndarray:
        """The values, float64, for inputs `inward` [in] times as large and outputs `outward` [out] times as large."""
        values = self.values.astype(np.float64)
        if self.depthwise:
            return np.asarray(values * (outward / np.repeat(inward, self.multiplier)))
        return np.asarray(values * outward[:, None, None] / inward)

    def response(self, level: np.ndarray) -> np.ndarray:
        """What a constant input of `level` [in] adds to each output: float64 [out], away from borders."""
        values = self.values.astype(np.float64)
        if self.depthwise:
            return np.asarray(values.sum(axis=0) * np.repeat(level, self.multiplier))
        return np.asarray(values.sum(axis=1) @ level)

    def backward_gain(self, gain: np.ndarray) -> np.ndarray:
        """Power that each input channel passes on to outputs that count `gain` [out]: float64 [in]."""
        squares = np.square(self.values, dtype=np.float64)
        if self.depthwise:
            return np.asarray((squares.sum(axis=0) * gain).reshape(-1, self.multiplier).sum(axis=1))
        return np.asarray(gain @ squares.sum(axis=1)) * self.density


def rescalable_operators(model: TfliteModel) -> dict[int, RescalableOperator]:
    """Finds the operators of the main graph whose weights may be changed, by operator index.

    Left out are weights that are not float32 constants, that several operators share, or that are laid out in groups
    or blocks; and biases that are shared and not zero, since these could not follow their operator.
    """
    uses = Counter(index for operator in model.main.operators for index in operator.inputs)
    uses.update(model.main.outputs)
    candidates = (_rescalable(model, operator, uses) for operator in model.main.operators)
    return {one.operator.index: one for one in candidates if one is not None}


def _rescalable(model: TfliteModel, operator: Operator, uses: Counter[int]) -> RescalableOperator | None:
    if operator.name not in _OPERANDS or operator.options.get("weightsFormat", 0) != 0:
        return None
    data, weights, bias = (
        operator.inputs[place] if place < len(operator.inputs) else -1 for place in _OPERANDS[operator.name]
    )
    stored, output = _constant(model, weights), operator.outputs[0]
    if stored is None or uses[weights] > 1 or (bias >= 0 and not _bias_can_change(model, bias, uses)):
        return None
    shapes = [model.main.tensors[index].shape for index in (data, output)]
    if not all(shapes):
        return None
    channels_in, channels_out = (shape[-1] for shape in shapes)
    values = _by_channel(operator.name, stored, channels_in)
    if values is None or values.shape[-1 if operator.name == "DEPTHWISE_CONV_2D" else 0] != channels_out:
        return None
    own = bias >= 0 and uses[bias] == 1
    return RescalableOperator(operator, data, output, weights, bias, own, values, channels_in, channels_out)


def _bias_can_change(model: TfliteModel, bias: int, uses: Counter[int]) -> bool:
    """Converters store equal constants once; zeros stay what they are under any scale."""
    values = _constant(model, bias)
    return values is not None and (uses[bias] == 1 or not values.any())


def _constant(model: TfliteModel, index: int) -> np.ndarray | None:
    if index < 0:
        return None
    tensor = model.main.tensors[index]
    try:
        return tensor.values() if tensor.is_constant and tensor.dtype == "float32" else None
    except InputError:  # stored in a way that NumPy cannot show
        return None


def _by_channel(name: str, stored: np.ndarray, channels_in: int) -> np.ndarray | None:
    """The weights as `RescalableOperator.values`; None where they do not meet the data channel by channel."""
    if name == "DEPTHWISE_CONV_2D":
        return stored.reshape(-1, stored.shape[-1]) if stored.shape[-1] % channels_in == 0 else None
    if name == "FULLY_CONNECTED":
        # Data of a higher rank may be flattened on the way in; its channels then repeat along the weights.
        whole = stored.shape[1] % channels_in == 0
        return stored.reshape(stored.shape[0], -1, channels_in) if whole else None
    return stored.reshape(stored.shape[0], -1, stored.shape[-1]) if stored.shape[-1] == channels_in else None
