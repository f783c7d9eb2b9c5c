"""What a fake-quantized network computes, as plain data: operators, what they read, and what values are rounded to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..tflite import Operator, Tensor, TfliteModel
from .grids import Grid


@dataclass(frozen=True)
class Read:
    """A value that is computed when the network runs.

    Args:
        tensor: its index in the float file.
        grids: what it is rounded to on the way to this reader, in order, beyond what it was rounded to when written.
    """

    tensor: int
    grids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Weights:
    """Weights that are trained.

    Args:
        tensor: their index in the float file.
        bits: of their integers; None where the operator stays float.
        axis: of the output channels, each of which has a scale of its own; None for one scale.
        bias: index of the bias beside them, or None.
        data_grid: the grid of what they are applied to, or None.
    """

    tensor: int
    bits: int | None
    axis: int | None
    bias: int | None
    data_grid: int | None


@dataclass(frozen=True)
class Bias:
    """A bias that is trained.

    Args:
        tensor: its index in the float file.
        beside: the weights, whose steps times those of the data are the bias's own.
    """

    tensor: int
    beside: Weights


@dataclass(frozen=True, eq=False)
class Fixed:
    """A constant that stays as it is.

    Args:
        values: as the float file has them.
        rounded: as the INT8 file has them, in real numbers.
    """

    values: np.ndarray
    rounded: np.ndarray


Operand = Read | Weights | Bias | Fixed | None
"""An input of an operator; None for an optional one that is absent."""


@dataclass(frozen=True, eq=False)
class Step:
    """One operator.

    Args:
        operator: of the float file.
        operands: its inputs.
        grids: for each output what it is rounded to, or None.
    """

    operator: Operator
    operands: tuple[Operand, ...]
    grids: tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class QatPlan:
    """What `FakeQuantNetwork` computes.

    Args:
        float_file: the .tflite whose constants are trained.
        network: the same, as read.
        grids: what values are rounded to.
        input_grids: for each input of the network its grid, or None.
        steps: the operators in the order in which they run.
        outputs: the network's outputs.
    """

    float_file: bytes
    network: TfliteModel
    grids: tuple[Grid, ...]
    input_grids: tuple[int | None, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Read, ...]

    def weights(self) -> Iterator[Weights]:
        """The weights that are trained, as often as they are used."""
        for step in self.steps:
            yield from (operand for operand in step.operands if isinstance(operand, Weights))

    def trained_tensors(self) -> Iterator[Tensor]:
        """The weights and biases that are trained, in the order in which they are first used."""
        seen: set[int] = set()
        for step in self.steps:
            for operand in step.operands:
                if isinstance(operand, (Weights, Bias)) and operand.tensor not in seen:
                    seen.add(operand.tensor)
                    yield self.network.main.tensors[operand.tensor]
