"""Weights of a fake-quantized network that share few values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..cluster import fit_levels
from ..errors import InputError
from ..tflite import Tensor
from .codebook import LARGEST, bits, share, whole
from .integer_tensor import IntegerTensor, variable
from .structure import FEWEST_USES, LARGEST_CODEBOOK, zeros_of

WIDEST = 6.0
"""Of a channel's root mean square, what the largest level stands for at most: a few weights far out would leave too few
whole numbers for all others."""

RATE = 0.03
"""How much a bit for each weight counts in the loss, beside answers that count 1."""


@dataclass(frozen=True)
class SharedValues:
    """How few values the weights of a layer are to have.

    Args:
        count: of values in each layer, 2 to 256; where weights are kept at zero, zero is not counted.
        rate: what a bit for each weight adds to the loss; 0 for nothing.
    """

    count: int
    rate: float = RATE

    def __post_init__(self) -> None:
        if not 2 <= self.count <= LARGEST_CODEBOOK:
            raise InputError(f"weights are to share {self.count} values: give 2 to {LARGEST_CODEBOOK}")
        if not self.rate >= 0:
            raise InputError(f"the weight of the rate is {self.rate:g}: give 0 or more")

    def tensor(self, owner: keras.Model, tensor: Tensor, unit: np.ndarray, axis: int | None) -> SharedTensor | None:
        """What is trained of a layer's weights; None where they are too few for a codebook to pay."""
        weights = tensor.values()
        pays = self.count * FEWEST_USES <= weights.size and weights.any()
        return SharedTensor(owner, tensor, unit, axis, self.count) if pays else None

    def goal(self, start: float, along: float) -> float:
        """There is none: as many bits as there are."""
        return start

    def price(self, bits: Any, goal: Any) -> Any:
        """What bits add to the loss, a scalar.

        Args:
            bits: for a weight, on average; a scalar tensor.
            goal: makes no difference.
        """
        return self.rate * bits

    def follow(self, tensors: Iterable[IntegerTensor], bits: Callable[[], Any], goal: float) -> None:
        """Does nothing: there is no goal."""

    def reached(self, bits: float) -> bool:
        """Always: no number of bits is asked for."""
        return True


class SharedTensor(IntegerTensor):
    """Weights that are levels of one codebook, 0 among them, times a step for each channel; see `IntegerTensor`.

    What is trained beside weights (which decide who has which level) and steps: the levels.

    Args:
        owner: the model that the variables belong to.
        tensor: of the float file.
        unit: what weights are counted in while they are trained.
        axis: of the output channels; None for one step for all.
        count: of values; where weights are kept at zero, zero is not counted.
    """

    def __init__(self, owner: keras.Model, tensor: Tensor, unit: np.ndarray, axis: int | None, count: int) -> None:
        start = np.array(tensor.values())
        steps, levels = _first_levels(start, axis, count + (zeros_of(start) is not None))
        super().__init__(owner, tensor, unit, axis, start=start, steps=steps, step_share=1.0)
        self._free = (levels != 0).astype(np.float32)
        self._level_unit = float(np.sqrt(np.mean(np.square(levels, dtype=np.float64))))
        self._levels = variable(owner, levels / self._level_unit, f"levels_{tensor.index}")

    def levels(self) -> Any:
        """The whole numbers that are there, float32 [count]."""
        return whole(self._levels * self._free * self._level_unit)

    def value(self, steps: Any) -> Any:
        """The weights as they are now: float32 of their shape."""
        return share(self._behind(), steps, self.levels())

    def bits(self, steps: Any) -> Any:
        """What an entropy coder takes for all of them, a scalar; its gradient draws weights to zero."""
        return bits(self._behind(), tf.stop_gradient(steps), tf.stop_gradient(self.levels()))


def _first_levels(weights: np.ndarray, axis: int | None, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps that make channels alike, and the levels of least squared error.

    Args:
        weights: float32, any shape.
        axis: of the channels, or None.
        count: of levels, 0 included.

    Returns:
        float32 steps of the weights' rank, and float32 [at most `count`].
    """
    others = tuple(one for one in range(weights.ndim) if one != axis)
    magnitudes = np.abs(weights, dtype=np.float64)
    uses = np.maximum(np.count_nonzero(weights, axis=others, keepdims=True), 1)
    sizes = np.sqrt(np.square(magnitudes).sum(axis=others, keepdims=True) / uses)
    sizes = np.maximum(sizes, 1e-3 * sizes.max())
    widest = min(WIDEST, float((magnitudes.max(axis=others, keepdims=True) / sizes).max()))
    steps = sizes * widest / LARGEST
    counted = np.clip(weights / steps, -LARGEST, LARGEST)
    levels = fit_levels(counted, count, weights=(weights != 0).astype(np.float64), keep_zero=True)
    return steps.astype(np.float32), np.asarray(levels, np.float32)
