"""One operator at work on a whole batch: what its function is given.

A .tflite is made for one sample, and its first axis need not mean samples everywhere. So a batch is never folded into
the axes that the file knows: every value that is computed has one axis more, in front, and what the file does to its
axes is done to the ones behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ...errors import InputError
from ...tflite import Operator


@dataclass(frozen=True, eq=False)
class Value:
    """An input of an operator.

    Args:
        tensor: [batch, *shape] where it is computed, [*shape] where it is a constant.
        shape: in the file, without the batch.
        batched: whether it is computed.
        constant: its numbers where they are known before the network runs.
    """

    tensor: Any
    shape: tuple[int, ...]
    batched: bool
    constant: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Call:
    """An operator with its inputs.

    Args:
        operator: name and options.
        layer: what error messages call it.
        values: its inputs; None for those that are absent.
        shapes: of its outputs in the file.
        batch: number of samples, a scalar tensor.
    """

    operator: Operator
    layer: str
    values: tuple[Value | None, ...]
    shapes: tuple[tuple[int, ...], ...]
    batch: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the first output in the file."""
        return self.shapes[0]

    def option(self, name: str, default: float = 0) -> Any:
        """A scalar option by its name in the schema."""
        return self.operator.options.get(name, default)

    def value(self, place: int) -> Value:
        """An input that must be there."""
        if place >= len(self.values) or (found := self.values[place]) is None:
            raise self.refusal(f"has no input {place}")
        return found

    def has(self, place: int) -> bool:
        """Whether an optional input is there."""
        return place < len(self.values) and self.values[place] is not None

    def data(self, place: int = 0) -> Any:
        """An input as [batch, *shape], a constant repeated for each sample."""
        value = self.value(place)
        return value.tensor if value.batched else tf.broadcast_to(value.tensor, [self.batch, *value.shape])

    def constant(self, place: int) -> np.ndarray:
        """An input that says how, not what: axes, sizes, indices."""
        numbers = self.value(place).constant
        if numbers is None:
            raise self.refusal(f"computes its input {place} (sizes or indices) when the network runs")
        return numbers

    def axes(self, place: int) -> list[int]:
        """Axes named by an input, behind the batch."""
        rank = len(self.value(0).shape)
        return [int(axis) % max(rank, 1) + 1 for axis in self.constant(place).reshape(-1)]

    def axis(self, number: float, rank: int) -> int:
        """An axis of a tensor of `rank` axes in the file, behind the batch."""
        return int(number) % rank + 1

    def aligned(self) -> list[Any]:
        """All inputs with axes such that elementwise functions broadcast them as the file does."""
        values = [value for value in self.values if value is not None]
        rank = max(len(value.shape) for value in values)
        return [_with_rank(value, rank) for value in values]

    def folded(self, place: int = 0) -> Any:
        """An input with its first axis and the batch as one: for functions that have a batch axis of their own."""
        value = self.value(place)
        return tf.reshape(self.data(place), [-1, *value.shape[1:]])

    def unfolded(self, result: Any) -> Any:
        """What such a function gave as [batch, *shape of the output]."""
        return self.reshaped(result, self.shape)

    def reshaped(self, result: Any, shape: tuple[int, ...]) -> Any:
        """Any order-preserving change of shape, behind the batch."""
        return tf.reshape(result, [self.batch, *shape])

    def activated(self, result: Any) -> Any:
        """The fused activation applied."""
        code = int(self.option("fusedActivationFunction"))
        if code not in _FUSED:
            raise self.refusal(f"has the fused activation {code}")
        return _FUSED[code](result)

    def refusal(self, reason: str) -> InputError:
        """The error for what cannot be trained."""
        return InputError(
            f"{self.operator.name} in {self.layer} {reason}, which quantization-aware training does not support; "
            "leave --qat out, or write the layer with other operations"
        )


def _with_rank(value: Value, rank: int) -> Any:
    missing = rank - len(value.shape)
    if not value.batched or not missing:
        return value.tensor
    return tf.reshape(value.tensor, [-1, *[1] * missing, *value.shape])


# Codes of the schema's ActivationFunctionType.
_FUSED = {
    0: lambda value: value,
    1: tf.nn.relu,
    2: lambda value: tf.clip_by_value(value, -1.0, 1.0),
    3: tf.nn.relu6,
    4: tf.tanh,
}
