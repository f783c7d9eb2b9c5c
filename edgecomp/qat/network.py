"""The network that is trained: the operators of the float file, rounded where the INT8 file rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ..quantize.litert.floors import LARGEST_BIAS
from ..quantize.ranges.choice import Ranges
from ..tflite import layer_of, with_constants
from .fake_quant import away_from_stored_zero, fake_quantize, nudged, rounded_to, weight_steps
from .operators import Call, Value, apply
from .steps import Bias, Fixed, Operand, QatPlan, Read, Step, Weights
from .trained import TrainedRange, TrainedTensor
from .units import units_of

_LARGEST_WEIGHT = 127

ACTIVATIONS = ("SOFTMAX", "LOGISTIC")
"""Operators that make scores of logits."""


class FakeQuantNetwork(keras.Model):  # type: ignore[misc]
    """Computes what the INT8 file computes, in float32 and on batches, with gradients.

    Weights and biases are variables, and so are the ranges of activations. Dropout and BatchNormalization are gone:
    the file has neither.

    Args:
        plan: what is rounded to what.
        logits: whether outputs that end in SOFTMAX or LOGISTIC are what those read; `scored_by` tells which do.
        keep_structure: whether zeros stay zero where most weights are, and shared values shared.
        name: of the model.

    Raises:
        InputError: when called, an operator that is not known.
    """

    def __init__(
        self, plan: QatPlan, *, logits: bool = False, keep_structure: bool = True, name: str = "fake_quant"
    ) -> None:
        super().__init__(name=name)
        self.plan = plan
        self.logits = logits
        units = units_of(plan)
        self._tensors = {
            tensor.index: TrainedTensor(self, tensor, units[tensor.index], keep_structure=keep_structure)
            for tensor in plan.trained_tensors()
        }
        self._ranges = [TrainedRange(self, place, grid) for place, grid in enumerate(plan.grids)]
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
        return _Pass(self.plan, self._tensors, self._ranges if rounded else None).run(
            self._listed(inputs), self._scoring_steps() if logits else [None] * len(self.plan.outputs)
        )

    def trained_file(self) -> bytes:
        """The float .tflite with the constants as trained."""
        return with_constants(self.plan.float_file, {index: one.numpy() for index, one in self._tensors.items()})

    def ranges(self) -> Ranges:
        """The ranges of all tensors on integers, for `quantize.litert.apply.quantize` of `trained_file`."""
        found: Ranges = {}
        for grid, trained in zip(self.plan.grids, self._ranges, strict=True):
            low, high = (float(end) for end in nudged(*trained.ends(), grid.bits))
            found.update(dict.fromkeys(grid.tensors, (-high, high) if grid.symmetric else (low, high)))
        return found

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


class _Pass:
    """One way through the network, while TensorFlow traces it."""

    def __init__(
        self, plan: QatPlan, tensors: Mapping[int, TrainedTensor], ranges: Sequence[TrainedRange] | None
    ) -> None:
        self._plan = plan
        self._tensors = tensors
        self._ranges = ranges
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
            if operator.name == "AVERAGE_POOL_2D" and grid is not None and self._ranges is not None:
                value = away_from_stored_zero(value, *self._ranges[grid].ends(), self._plan.grids[grid].bits)
            self._values[index] = self._on_grid(value, grid)

    def _value(self, operand: Operand) -> Value | None:
        if operand is None:
            return None
        if isinstance(operand, Fixed):
            values = operand.values if self._ranges is None else operand.rounded
            return Value(tf.constant(values), values.shape, False, values)
        shape = self._graph.tensors[operand.tensor].shape
        if isinstance(operand, Read):
            return Value(self._read(operand), shape, True)
        value = self._tensors[operand.tensor].value()
        step = self._bias_step(operand) if isinstance(operand, Bias) else self._weight_step(operand)
        return Value(value if step is None else rounded_to(value, step), shape, False)

    def _read(self, read: Read) -> Any:
        value = self._values[read.tensor]
        for grid in read.grids:
            value = self._on_grid(value, grid)
        return value

    def _output(self, read: Read) -> Any:
        shape = self._graph.tensors[read.tensor].shape
        return tf.reshape(self._read(read), [-1, *shape[1:]])

    def _on_grid(self, value: Any, grid: int | None) -> Any:
        if grid is None or self._ranges is None or not value.dtype.is_floating:
            return value
        return fake_quantize(value, *self._ranges[grid].ends(), self._plan.grids[grid].bits)

    def _weight_step(self, weights: Weights) -> Any:
        """None where the operator stays float."""
        if self._ranges is None or weights.bits is None:
            return None
        value = self._tensors[weights.tensor].value()
        return tf.stop_gradient(weight_steps(value, weights.bits, weights.axis, self._least_bound(weights)))

    def _bias_step(self, bias: Bias) -> Any:
        steps, data_step = self._weight_step(bias.beside), self._data_step(bias.beside)
        return None if steps is None or data_step is None else tf.reshape(steps, [-1]) * data_step

    def _least_bound(self, weights: Weights) -> Any:
        """What weights must reach so that the integers of the bias do not overflow; see `quantize.litert.floors`."""
        data_step = self._data_step(weights)
        if weights.bias is None or data_step is None or weights.bias not in self._tensors:
            return tf.constant(0.0)
        return tf.abs(self._tensors[weights.bias].value()) * _LARGEST_WEIGHT / (data_step * LARGEST_BIAS)

    def _data_step(self, weights: Weights) -> Any:
        """Of the integers that weights are applied to; None where those are float."""
        if self._ranges is None or weights.data_grid is None:
            return None
        low, high = self._ranges[weights.data_grid].ends()
        return tf.stop_gradient(high - low) / (2 ** self._plan.grids[weights.data_grid].bits - 1)
