"""One way through a fake-quantized network, while TensorFlow traces it: what it computes, and what it rounds to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from ..quantize.litert.floors import LARGEST_BIAS
from ..tflite import layer_of
from .codebook import LARGEST
from .fake_quant import away_from_stored_zero, fake_quantize, rounded_to, weight_steps
from .integer_tensor import IntegerTensor, coarser
from .operators import Call, Value, apply
from .steps import Bias, Fixed, Operand, QatPlan, Read, Step, Weights
from .trained import TrainedRange, TrainedTensor


class Forward:
    """One way through the network, while TensorFlow traces it."""

    def __init__(
        self,
        plan: QatPlan,
        tensors: Mapping[int, TrainedTensor],
        integers: Mapping[int, IntegerTensor],
        ranges: Sequence[TrainedRange],
        rounded: bool,
    ) -> None:
        self._plan = plan
        self._tensors = tensors
        self._integers = integers
        self._ranges = ranges
        self._rounded = rounded
        self._graph = plan.network.main
        self._values: dict[int, Any] = {}
        self._batch: Any = None

    def run(self, inputs: Sequence[Any], scoring: Sequence[Step | None]) -> list[Any]:
        """The outputs [batch, ...]; for those with a scoring step what it reads."""
        self._batch = tf.shape(inputs[0])[0]
        for index, value, grid in zip(self._graph.inputs, inputs, self._plan.input_grids, strict=True):
            tensor = self._graph.tensors[index]
            value = tf.reshape(tf.cast(value, tensor.dtype), [self._batch, *tensor.shape])
            self._values[index] = self._on_grid(value, grid)
        skipped = {step.operator.index for step in scoring if step}
        for step in self._plan.steps:
            if step.operator.index not in skipped:
                self._take(step)
        reads = [step.operands[0] if step else output for step, output in zip(scoring, self._plan.outputs, strict=True)]
        return [self._output(read) for read in reads if isinstance(read, Read)]

    def weights(self, weights: Weights) -> Any:
        """The weights of an operator, rounded where they are integers."""
        integers, step = self._integers.get(weights.tensor), self.weight_step(weights)
        if integers is not None:
            return integers.value(step)
        value = self._tensors[weights.tensor].value()
        return value if step is None else rounded_to(value, step)

    def bias(self, bias: Bias) -> Any:
        """The bias of an operator, likewise."""
        value, step = self._tensors[bias.tensor].value(), self._bias_step(bias)
        if step is not None and bias.beside.tensor in self._integers:
            step = coarser(step, tf.reduce_max(tf.abs(value)))
        return value if step is None else rounded_to(value, step)

    def weight_step(self, weights: Weights) -> Any:
        """What the integers of an operator's weights count in; None where they are no integers."""
        if weights.tensor in self._integers:
            return self._integers[weights.tensor].steps(self._least_bound(weights))
        if not self._rounded or weights.bits is None:
            return None
        value = self._tensors[weights.tensor].value()
        return tf.stop_gradient(weight_steps(value, weights.bits, weights.axis, self._least_bound(weights)))

    def _take(self, step: Step) -> None:
        operator = step.operator
        outputs = self._graph.tensors_of(operator.outputs)
        call = Call(
            operator=operator,
            layer=layer_of(outputs[0].name) or outputs[0].name,
            values=tuple(self._value(operand) for operand in step.operands),
            shapes=tuple(tensor.shape for tensor in outputs),
            batch=self._batch,
        )
        for index, value, grid in zip(operator.outputs, apply(call), step.grids, strict=True):
            if operator.name == "AVERAGE_POOL_2D" and grid is not None and self._rounded:
                value = away_from_stored_zero(value, *self._ranges[grid].ends(), self._plan.grids[grid].bits)
            self._values[index] = self._on_grid(value, grid)

    def _value(self, operand: Operand) -> Value | None:
        if operand is None:
            return None
        if isinstance(operand, Fixed):
            values = operand.rounded if self._rounded else operand.values
            return Value(tf.constant(values), values.shape, False, values)
        shape = self._graph.tensors[operand.tensor].shape
        if isinstance(operand, Read):
            return Value(self._read(operand), shape, True)
        return Value(self.weights(operand) if isinstance(operand, Weights) else self.bias(operand), shape, False)

    def _read(self, read: Read) -> Any:
        value = self._values[read.tensor]
        for grid in read.grids:
            value = self._on_grid(value, grid)
        return value

    def _output(self, read: Read) -> Any:
        shape = self._graph.tensors[read.tensor].shape
        return tf.reshape(self._read(read), [-1, *shape[1:]])

    def _on_grid(self, value: Any, grid: int | None) -> Any:
        if grid is None or not self._rounded or not value.dtype.is_floating:
            return value
        return fake_quantize(value, *self._ranges[grid].ends(), self._plan.grids[grid].bits)

    def _bias_step(self, bias: Bias) -> Any:
        steps, data_step = self.weight_step(bias.beside), self._data_step(bias.beside)
        return None if steps is None or data_step is None else tf.stop_gradient(tf.reshape(steps, [-1])) * data_step

    def _least_bound(self, weights: Weights) -> Any:
        """What weights must reach so that the integers of the bias do not overflow; see `quantize.litert.floors`."""
        data_step = self._data_step(weights)
        if weights.bias is None or data_step is None or weights.bias not in self._tensors:
            return tf.constant(0.0)
        return tf.abs(self._tensors[weights.bias].value()) * LARGEST / (data_step * LARGEST_BIAS)

    def _data_step(self, weights: Weights) -> Any:
        """Of the integers that weights are applied to; None where those are float."""
        if weights.data_grid is None:
            return None
        low, high = self._ranges[weights.data_grid].ends()
        return tf.stop_gradient(high - low) / (2 ** self._plan.grids[weights.data_grid].bits - 1)
