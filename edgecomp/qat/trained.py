"""The variables of a fake-quantized network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..tflite import Tensor
from .grids import Grid
from .structure import Structure, structure_of


class TrainedTensor:
    """Weights or a bias, in units of their own.

    Folding BatchNormalization leaves channels whose weights differ a hundredfold. Counted in units of the channel, an
    optimizer's step means the same for each.

    Args:
        owner: the model that the variable belongs to.
        tensor: of the float file.
        unit: what the variable counts in; float32 that broadcasts with the tensor.
        keep_structure: whether zeros and shared values are kept, where there are many.
    """

    def __init__(self, owner: keras.Model, tensor: Tensor, unit: np.ndarray, *, keep_structure: bool) -> None:
        start = np.array(tensor.values())
        self._structure = structure_of(start) if keep_structure else Structure(start)
        self._shape = tensor.shape
        self._unit = unit if self._structure.codes is None else unit.max()
        self._variable = owner.add_weight(
            shape=self._structure.start.shape, initializer="zeros", name=f"constant_{tensor.index}"
        )
        self._variable.assign(self._structure.start / self._unit)

    def value(self) -> Any:
        """The weights as they are now: float32 of the tensor's shape."""
        value, codes = self._variable * self._unit, self._structure.codes
        if self._structure.kept is not None:
            value = value * self._structure.kept
        if codes is None:
            return value
        # The gradient of a shared value is the mean, not the sum, so that it moves like a weight by itself.
        uses = np.bincount(codes.reshape(-1), minlength=len(self._structure.start)).astype(np.float32)
        averaged = tf.stop_gradient(value) + (value - tf.stop_gradient(value)) / uses
        return tf.gather(averaged, codes)

    def numpy(self) -> np.ndarray:
        """The same as an array."""
        return np.asarray(self.value(), np.float32).reshape(self._shape)


class TrainedRange:
    """The ends of a grid, as factors of what they are at first.

    Factors are trained by their logarithm (Jain et al. 2020, "Trained Quantization Thresholds"): an optimizer's step
    means the same for a range of 0.01 and one of 100, ends never cross zero, and an end at zero stays there.

    Args:
        owner: the model that the variable belongs to.
        place: of the grid in the plan.
        grid: what is trained, or not.
    """

    def __init__(self, owner: keras.Model, place: int, grid: Grid) -> None:
        self._grid = grid
        self._logarithms: Any = None
        if grid.trained:
            shape = (1,) if grid.symmetric else (2,)
            self._logarithms = owner.add_weight(shape=shape, initializer="zeros", name=f"range_{place}")

    def ends(self) -> tuple[Any, Any]:
        """Least and largest value, float32 scalars."""
        low, high = tf.constant(self._grid.low, tf.float32), tf.constant(self._grid.high, tf.float32)
        if self._logarithms is None:
            return low, high
        factors = tf.exp(tf.convert_to_tensor(self._logarithms))
        return low * factors[0], high * factors[-1]
