"""The network that is trained: the operators of the float file, rounded where the INT8 file rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..quantize.ranges.choice import Ranges
from ..tflite import read_tflite, with_constants
from .codebook import LARGEST
from .coded import CodedWeights, Stored
from .fake_quant import nudged
from .forward import Forward
from .integer_tensor import IntegerTensor
from .shared import SharedValues
from .steps import Bias, QatPlan, Step, Weights
from .trained import TrainedRange, TrainedTensor
from .units import units_of

_BITS = 8

ACTIVATIONS = ("SOFTMAX", "LOGISTIC")
"""Operators that make scores of logits."""


def stored_weights(file: bytes) -> dict[str, Stored]:
    """The integer weights of a file, for a network to start from, by their names."""
    return {
        one.name: Stored(one.values(), np.array(one.quantization.scale, np.float32))
        for one in read_tflite(file).main.tensors
        if one.is_constant and one.dtype == "int8" and one.quantization is not None
    }


class FakeQuantNetwork(keras.Model):  # type: ignore[misc]
    """Computes what the INT8 file computes, in float32 and on batches, with gradients.

    Weights and biases are variables, and so are the ranges of activations. Dropout and BatchNormalization are gone:
    the file has neither.

    Args:
        plan: what is rounded to what.
        logits: whether outputs that end in SOFTMAX or LOGISTIC are what those read; `scored_by` tells which do.
        keep_structure: whether zeros stay zero where there are some, and shared values shared.
        fewer: how few values the integers of each layer's weights are to have, or bits; None for as many as there are.
        name: of the model.

    Raises:
        InputError: when called, an operator that is not known.
    """

    output_axis = 0
    """Of the weights: a .tflite has the output channels first, Keras has them last."""

    def __init__(
        self,
        plan: QatPlan,
        *,
        logits: bool = False,
        keep_structure: bool = True,
        fewer: SharedValues | CodedWeights | None = None,
        name: str = "fake_quant",
    ) -> None:
        super().__init__(name=name)
        self.plan = plan
        self.logits = logits
        units = units_of(plan)
        self._fewer = fewer
        self._tensors: dict[int, TrainedTensor] = {}
        self._integers: dict[int, IntegerTensor] = {}
        operands = {one.tensor: one for one in plan.weights() if one.bits == _BITS}
        for tensor in plan.trained_tensors():
            index, unit = tensor.index, units[tensor.index]
            integers = None
            if fewer is not None and index in operands:
                integers = fewer.tensor(self, tensor, unit, operands[index].axis)
            if integers is not None:
                self._integers[index] = integers
            else:
                keep = keep_structure and len(tensor.shape) > 1  # biases are what they are
                self._tensors[index] = TrainedTensor(self, tensor, unit, keep_structure=keep)
        self._ranges = [TrainedRange(self, place, grid) for place, grid in enumerate(plan.grids)]
        if self._integers:
            self._bits_now = tf.function(self.bits, reduce_retracing=True)
            self._first_bits = float(self._bits_now())
            self._goal = self.add_weight(shape=(), initializer="zeros", trainable=False, name="goal")
            self._goal.assign(self._first_bits)
        self.built = True

    @property
    def scored_by(self) -> tuple[str | None, ...]:
        """For each output the operator of `ACTIVATIONS` that computes it, or None."""
        return tuple(step.operator.name if step else None for step in self._scoring_steps())

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Computes the outputs.

        Args:
            inputs: a tensor [batch, ...], or one for each input in a list or in a dict by the signature's names.
            training: makes no difference.

        Returns:
            a tensor [batch, ...], or a list of them where there are several outputs.
        """
        outputs = self.compute(inputs, logits=self.logits)
        return outputs[0] if len(outputs) == 1 else outputs

    def compute(self, inputs: Any, *, logits: bool = False, rounded: bool = True) -> list[Any]:
        """As `call`, but always a list.

        Args:
            inputs: as `call` takes them.
            logits: whether to end before SOFTMAX and LOGISTIC.
            rounded: whether to round at all; else this is the float file.
        """
        return self._pass(rounded=rounded).run(
            self._listed(inputs), self._scoring_steps() if logits else [None] * len(self.plan.outputs)
        )

    def trained_file(self) -> bytes:
        """The float .tflite with the constants as trained; weights that are to have fewer values or bits have them."""
        now, tensors = self._pass(), self.plan.network.main.tensors
        values = {index: one.numpy() for index, one in self._tensors.items()}
        for weights in self._integer_operands():
            values[weights.tensor] = np.asarray(now.weights(weights), np.float32)
            if weights.bias is not None and weights.bias in self._tensors:
                bias = np.asarray(now.bias(Bias(weights.bias, weights)), np.float32)
                values[weights.bias] = bias.reshape(tensors[weights.bias].shape)
        return with_constants(self.plan.float_file, values)

    def weight_reach(self) -> dict[str, np.ndarray]:
        """For `quantize` of `trained_file`, by name: what those integers reach."""
        now, tensors = self._pass(), self.plan.network.main.tensors
        return {
            tensors[one.tensor].name: LARGEST * np.asarray(now.weight_step(one), np.float32)
            for one in self._integer_operands()
        }

    @property
    def losses(self) -> list[Any]:
        """What the bits of the weights add to the loss."""
        if self._fewer is None or not self._integers:
            return []
        return [self._fewer.price(self.bits(), tf.convert_to_tensor(self._goal))]

    def proceed(self, along: float) -> None:
        """Is told before each step how far training is, 0 to 1."""
        if self._fewer is not None and self._integers:
            goal = self._fewer.goal(self._first_bits, along)
            self._goal.assign(goal)
            self._fewer.follow(self._integers.values(), self._bits_now, goal)

    @property
    def settled(self) -> bool:
        """Whether weights take no more bits than they are to."""
        return self._fewer is None or not self._integers or self._fewer.reached(float(self._bits_now()))

    def bits(self) -> Any:
        """What an entropy coder takes for a weight of those that are to take less, on average; a scalar."""
        now = self._pass()
        spent = [self._integers[one.tensor].bits(now.weight_step(one)) for one in self._integer_operands()]
        return tf.add_n(spent) / sum(one.size for one in self._integers.values())

    def ranges(self) -> Ranges:
        """The ranges of all tensors on integers, for `quantize.litert.apply.quantize` of `trained_file`."""
        found: Ranges = {}
        for grid, trained in zip(self.plan.grids, self._ranges, strict=True):
            low, high = (float(end) for end in nudged(*trained.ends(), grid.bits))
            found.update(dict.fromkeys(grid.tensors, (-high, high) if grid.symmetric else (low, high)))
        return found

    def _pass(self, *, rounded: bool = True) -> Forward:
        return Forward(self.plan, self._tensors, self._integers, self._ranges, rounded)

    def _integer_operands(self) -> list[Weights]:
        """Weights that are to have fewer values or bits, each once."""
        return list({one.tensor: one for one in self.plan.weights() if one.tensor in self._integers}.values())

    def _scoring_steps(self) -> list[Step | None]:
        steps = {step.operator.outputs[0]: step for step in self.plan.steps if step.operator.name in ACTIVATIONS}
        return [steps.get(output.tensor) for output in self.plan.outputs]

    def _listed(self, inputs: Any) -> list[Any]:
        network = self.plan.network
        if isinstance(inputs, Mapping):
            signature = network.signature
            names = {index: name for name, index in signature.inputs} if signature else {}
            inputs = [inputs[names.get(tensor.index, tensor.name)] for tensor in network.inputs]
        return list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
