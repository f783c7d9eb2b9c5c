"""The weights of a network that may become zero: kernels that read many channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

FEWEST = 256
"""Layers with fewer weights stay whole: their zeros would save bytes, and cost more than others'."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """The weights of one layer.

    Args:
        name: tells it from the others.
        variable: a `keras.Variable`.
        outputs: the axis of the output channels.
    """

    name: str
    variable: Any
    outputs: int

    @property
    def size(self) -> int:
        """How many weights there are."""
        return int(np.prod(self.variable.shape))

    def numpy(self) -> np.ndarray:
        """A copy of the weights."""
        return np.array(self.variable)

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Values of the weights' shape as [outputs, taps], input channels fastest."""
        return np.moveaxis(values, self.outputs, 0).reshape(values.shape[self.outputs], -1)

    def unrows(self, rows: np.ndarray) -> np.ndarray:
        """What `rows` made, in the weights' shape."""
        shape = list(self.variable.shape)
        first = shape.pop(self.outputs)
        return np.moveaxis(rows.reshape(first, *shape), 0, self.outputs)


def kernels_of(network: Any) -> Iterator[Kernel]:
    """The weights that may become zero, in order.

    Keras has the output channels of a kernel last. A network that has them elsewhere says so by an attribute
    `output_axis`, as a network with the weights of a .tflite does.

    Args:
        network: any `keras.Model`.
    """
    outputs = getattr(network, "output_axis", -1)
    for number, variable in enumerate(network.trainable_variables):
        shape = tuple(variable.shape)
        if len(shape) < 2 or np.prod(shape) < FEWEST or variable.path.endswith("embeddings"):
            continue
        if shape[outputs] > 1:  # a depthwise kernel has one: few weights, and every one of them matters
            yield Kernel(f"{number} {variable.path}", variable, outputs % len(shape))
