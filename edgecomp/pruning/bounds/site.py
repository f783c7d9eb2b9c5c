"""What a rule of interval arithmetic gets to see of a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..calls import Shape
from .interval import Bounds, unbounded


@dataclass(frozen=True, eq=False)
class Site:
    """A call of a layer or operation with bounds in the places of its tensors.

    Args:
        operation: the layer or operation; the inner layer within a wrapper.
        inputs: bounds of the input tensors, in order.
        input_shapes: with the batch.
        output_shapes: with the batch.
        arguments: what it is called with, symbolic tensors included.
        keywords: likewise.
    """

    operation: Any
    inputs: tuple[Bounds, ...]
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """How many channels the first output has."""
        return channels_of(self.output_shapes[0])

    def single_input(self) -> Bounds:
        """The bounds of the only input tensor."""
        (bounds,) = self.inputs
        return bounds

    def unknown(self) -> list[Bounds]:
        """Outputs of which nothing is known."""
        return [unbounded(channels_of(shape)) for shape in self.output_shapes]


Rule = Callable[[Site], "Bounds | list[Bounds]"]
"""Gives the bounds of a call's only output, or a list with those of each."""


def channels_of(shape: Shape) -> int:
    """The size of the last axis; 1 stands for a size that is not known."""
    return int(shape[-1] or 1) if len(shape) > 1 else 1


def weights_of(variable: Any) -> np.ndarray:
    """A variable's values, float32 or wider. What is below the smallest normal float32 counts as 0.

    TensorFlow, XNNPACK and Arm's vector units flush such values to 0; weight decay leaves many of them behind.
    """
    import keras

    values = np.asarray(keras.ops.convert_to_numpy(variable))
    values = values.astype(np.promote_types(values.dtype, np.float32))
    return np.where(np.abs(values) < np.finfo(np.float32).tiny, values.dtype.type(0), values)
