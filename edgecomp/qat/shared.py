"""Weights of a fake-quantized network that share few values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..cluster import fit_levels
from ..errors import InputError
from ..tflite import Tensor
from .codebook import LARGEST, bits, share, short, whole
from .structure import FEWEST_USES, LARGEST_CODEBOOK, zeros_of

WIDEST = 6.0
"""Of a channel's root mean square, what the largest level stands for at most: a few weights far out would leave too few
whole numbers for all others."""

STEP_DIGITS = 4
"""Significant binary digits of a channel's step. Training makes up for the rest, and half of a step's bytes go."""

BIAS_DIGITS = 7
"""Likewise of a layer's largest bias, with its sign; smaller ones have fewer."""

RATE = 0.03
"""How much a bit for each weight counts in the loss, beside answers that count 1."""

GAIN, MOST_OCTAVES = 60.0, 9.0
"""Where so many bits are wanted: how steeply the rate rises with bits beyond that, and up to how many times 2."""

REACHED = 0.5
"""Part of the training after which the bits are as few as wanted; until then they become fewer step by step."""

ENOUGH, AIM = 1.05, 0.97
"""Of the bits that are wanted: what is close enough, and what training aims at so that it comes so close."""


@dataclass(frozen=True, eq=False)
class Stored:
    """Weights as an integer file has them.

    Args:
        values: int8, of the weights' shape.
        scale: what they count in, float32 [channels] or [1].
    """

    values: np.ndarray
    scale: np.ndarray

    @property
    def levels(self) -> np.ndarray:
        """The values that occur, and 0: float32, ascending."""
        return np.union1d(self.values, [0]).astype(np.float32)


@dataclass(frozen=True)
class SharedValues:
    """How few values the weights of a layer are to have.

    Args:
        count: of values in each layer, 2 to 256; where weights are kept at zero, zero is not counted.
        bits: that an entropy coder is to take for a weight, on average; None for no goal.
        rate: what a bit adds to the loss, where there are as many as wanted; 0 for nothing.
    """

    count: int
    bits: float | None = None
    rate: float = RATE

    def __post_init__(self) -> None:
        if not 2 <= self.count <= LARGEST_CODEBOOK:
            raise InputError(f"weights are to share {self.count} values: give 2 to {LARGEST_CODEBOOK}")
        if self.bits is not None and not self.bits > 0:
            raise InputError(f"weights are to take {self.bits:g} bits: give more than 0")
        if not self.rate >= 0:
            raise InputError(f"the weight of the rate is {self.rate:g}: give 0 or more")

    def goal(self, start: float, along: float) -> float:
        """The bits that are wanted by now.

        Args:
            start: bits at first.
            along: how far training is, 0 to 1.
        """
        if self.bits is None or start <= self.bits:
            return self.bits or start
        part = min(1.0, along / REACHED)
        return float(start ** (1 - part) * (AIM * self.bits) ** part)

    def price(self, bits: Any, goal: Any) -> Any:
        """What bits add to the loss, a scalar.

        Args:
            bits: for a weight, on average; a scalar tensor.
            goal: what there are to be by now, likewise.
        """
        if self.bits is None:
            return self.rate * bits
        octaves = tf.clip_by_value(GAIN * (tf.stop_gradient(bits) / goal - 1), -MOST_OCTAVES, MOST_OCTAVES)
        return self.rate * tf.pow(2.0, octaves) * bits

    def suits(self, weights: np.ndarray) -> bool:
        """Whether a layer has enough weights for a codebook to pay."""
        return bool(self.count * FEWEST_USES <= weights.size and weights.any())


class SharedTensor:
    """Weights that are levels of one codebook, 0 among them, times a step for each channel, as the INT8 file has them.

    What is trained: the weights behind the levels (which decide who has which), the levels, and the steps.

    Args:
        owner: the model that the variables belong to.
        tensor: of the float file.
        unit: what weights are counted in while they are trained; float32 that broadcasts with them.
        axis: of the output channels; None for one step for all.
        values: how few.
        stored: what to start from; None to start from the float file's weights.
    """

    def __init__(
        self,
        owner: keras.Model,
        tensor: Tensor,
        unit: np.ndarray,
        axis: int | None,
        values: SharedValues,
        stored: Stored | None = None,
    ) -> None:
        start = np.array(tensor.values())
        self.shape, self._unit, self._axis = tensor.shape, unit, axis
        self._kept = zeros_of(start)
        if stored is None:
            self._base, levels = _first_levels(start, axis, values.count + (self._kept is not None))
        else:
            shape = [start.shape[one] if one == axis else 1 for one in range(start.ndim)]
            base = np.broadcast_to(stored.scale.reshape(-1), [int(np.prod(shape))]).reshape(shape)
            self._base = base if _alike(base) else np.asarray(short(tf.constant(base), STEP_DIGITS))
            start, levels = (stored.values * self._base).astype(np.float32), stored.levels
        self._free = (levels != 0).astype(np.float32)
        self._level_unit = float(np.sqrt(np.mean(np.square(levels, dtype=np.float64))))
        self._latent = _variable(owner, start / unit, f"constant_{tensor.index}")
        self._levels = _variable(owner, levels / self._level_unit, f"levels_{tensor.index}")
        # Where all channels have one step they keep one, with all its digits: it takes no place.
        self._steps = _variable(owner, np.zeros(1 if _alike(self._base) else self._base.size), f"steps_{tensor.index}")

    @property
    def size(self) -> int:
        """How many weights there are."""
        return int(np.prod(self.shape))

    def steps(self, least_bound: Any) -> Any:
        """What a level counts in: float32 of the weights' rank, 1 along each axis but that of the channels.

        Args:
            least_bound: the magnitude that the integers must reach at least, float32 scalar or one for each channel.
        """
        factors = tf.exp(tf.convert_to_tensor(self._steps))
        if self._steps.shape[0] > 1:
            own = short(self._base * tf.reshape(factors, self._base.shape), STEP_DIGITS)
        else:
            own = self._base * factors
        if self._axis is None:
            least = tf.reduce_max(least_bound)
        else:
            least = tf.reshape(tf.broadcast_to(least_bound, [self.shape[self._axis]]), self._base.shape)
        return tf.maximum(own, least / LARGEST)

    def levels(self) -> Any:
        """The whole numbers that are there, float32 [count]."""
        return whole(self._levels * self._free * self._level_unit)

    def value(self, steps: Any) -> Any:
        """The weights as they are now: float32 of their shape."""
        return share(self._behind(), steps, self.levels())

    def bits(self, steps: Any) -> Any:
        """What an entropy coder takes for all of them, a scalar."""
        return bits(self._behind(), tf.stop_gradient(steps), tf.stop_gradient(self.levels()))

    def _behind(self) -> Any:
        weights = self._latent * self._unit
        return weights if self._kept is None else weights * self._kept


def _alike(steps: np.ndarray) -> bool:
    return bool((steps == steps.flat[0]).all())


def coarser(step: Any, largest: Any) -> Any:
    """The step of biases beside such weights: theirs times a power of two, so that they have few digits to be sent.

    Args:
        step: of their integers, float32 [channels].
        largest: of them, a scalar.
    """
    finer = largest / 2 ** (BIAS_DIGITS - 1) / step
    octaves = tf.floor(tf.math.log(tf.maximum(finer, 1.0)) / tf.math.log(2.0))
    return tf.stop_gradient(step * tf.pow(2.0, octaves))


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


def _variable(owner: keras.Model, start: np.ndarray, name: str) -> Any:
    made = owner.add_weight(shape=start.shape, initializer="zeros", name=name)
    made.assign(start.astype(np.float32))
    return made
