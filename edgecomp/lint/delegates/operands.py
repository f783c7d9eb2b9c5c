"""An operator with its tensors at hand, for checks of what a delegate takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...tflite import Operator, Subgraph, Tensor


@dataclass(frozen=True)
class Operands:
    """The tensors and options of one operator.

    Args:
        inputs: its inputs; None where an optional one is absent.
        outputs: its outputs.
        options: its scalar options, see `Operator`.
        unpacked: indices of tensors that count as constants though they are computed, from constants alone.
    """

    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, float | int | bool]
    unpacked: frozenset[int] = frozenset()

    @classmethod
    def of(cls, graph: Subgraph, operator: Operator, unpacked: frozenset[int] = frozenset()) -> Operands:
        inputs = tuple(graph.tensors[index] if index >= 0 else None for index in operator.inputs)
        return cls(inputs, graph.tensors_of(operator.outputs), operator.options, unpacked)

    def has(self, count: int) -> bool:
        """Whether there is an output, and the first `count` inputs are there."""
        return len(self.outputs) > 0 and len(self.inputs) >= count and None not in self.inputs[:count]

    def input(self, place: int) -> Tensor:
        """The input at a place where `has` found one.

        Raises:
            LookupError: there is none.
        """
        tensor = self.optional(place)
        if tensor is None:
            raise LookupError(f"no input {place}")
        return tensor

    def optional(self, place: int) -> Tensor | None:
        """The input at a place, or None where there is none."""
        return self.inputs[place] if place < len(self.inputs) else None

    @property
    def result(self) -> Tensor:
        """The first output."""
        return self.outputs[0]

    def option(self, name: str, default: float = 0) -> float:
        """A number among the options."""
        return float(self.options.get(name, default))

    def is_constant(self, place: int) -> bool:
        tensor = self.input(place)
        return tensor.is_constant or tensor.index in self.unpacked

    def integers(self, place: int) -> np.ndarray:
        """The values of a constant input of integers, flat; empty for what is absent, computed or of another kind."""
        tensor = self.optional(place)
        try:
            values = np.zeros(0, np.int64) if tensor is None else tensor.values()
        except InputError:
            values = np.zeros(0, np.int64)
        return values.reshape(-1) if values.dtype.kind in "iu" else np.zeros(0, np.int64)
