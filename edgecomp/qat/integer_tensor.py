"""Weights that are integers times a step, as the INT8 file has them: what those that share values and those in few bits
have in common.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..tflite import Tensor
from .codebook import LARGEST, short
from .structure import zeros_of

STEP_DIGITS = 4
"""Significant binary digits of a channel's step. Training makes up for the rest, and half of a step's bytes go."""

BIAS_DIGITS = 7
"""Of a layer's largest bias, with its sign; smaller ones have fewer."""


class IntegerTensor:
    """The weights behind the integers, and the steps; both are trained.

    Where all channels of a layer have one step they keep one, with all its digits: it takes no place.

    Args:
        owner: the model that the variables belong to.
        tensor: of the float file.
        unit: what weights are counted in while they are trained; float32 that broadcasts with them.
        axis: of the output channels; None for one step for all.
        start: the weights at first; float32 of the tensor's shape.
        steps: likewise; float32 of the weights' rank, 1 along each axis but that of the channels.
        step_share: how fast steps are trained, beside weights.
    """

    def __init__(
        self,
        owner: keras.Model,
        tensor: Tensor,
        unit: np.ndarray,
        axis: int | None,
        *,
        start: np.ndarray,
        steps: np.ndarray,
        step_share: float,
    ) -> None:
        self.shape, self._unit, self._axis, self._share = tensor.shape, unit, axis, step_share
        self._kept = zeros_of(tensor.values())
        self._first, self._alike = steps, bool((steps == steps.flat[0]).all())
        self._latent = variable(owner, start / unit, f"constant_{tensor.index}")
        self._steps = variable(owner, np.zeros(1 if self._alike else steps.size), f"steps_{tensor.index}")

    @property
    def size(self) -> int:
        """How many weights there are."""
        return int(np.prod(self.shape))

    def steps(self, least_bound: Any) -> Any:
        """What the integers count in: float32 of the weights' rank, 1 along each axis but that of the channels.

        Args:
            least_bound: the magnitude that the integers must reach at least, float32 scalar or one for each channel.
        """
        factors = tf.exp(self._share * tf.convert_to_tensor(self._steps))
        own = self._first * (factors if self._alike else tf.reshape(factors, self._first.shape))
        own = own if self._alike else short(own, STEP_DIGITS)
        if self._axis is None:
            least = tf.reduce_max(least_bound)
        else:
            least = tf.reshape(tf.broadcast_to(least_bound, [self.shape[self._axis]]), self._first.shape)
        return tf.maximum(own, least / LARGEST)

    def scale_steps(self, factor: float) -> None:
        """Multiplies the steps of all channels."""
        self._steps.assign_add(np.full(self._steps.shape, np.log(factor) / self._share, np.float32))

    def value(self, steps: Any) -> Any:
        """The weights as they are now: float32 of their shape."""
        raise NotImplementedError

    def bits(self, steps: Any) -> Any:
        """What an entropy coder takes for all of them, a scalar."""
        raise NotImplementedError

    def _behind(self) -> Any:
        weights = self._latent * self._unit
        return weights if self._kept is None else weights * self._kept


def coarser(step: Any, largest: Any) -> Any:
    """The step of biases beside such weights: theirs times a power of two, so that they have few digits to be sent.

    Args:
        step: of their integers, float32 [channels].
        largest: of them, a scalar.
    """
    finer = largest / 2 ** (BIAS_DIGITS - 1) / step
    octaves = tf.floor(tf.math.log(tf.maximum(finer, 1.0)) / tf.math.log(2.0))
    return tf.stop_gradient(step * tf.pow(2.0, octaves))


def variable(owner: keras.Model, start: np.ndarray, name: str) -> Any:
    """A variable of a model, with what it starts from."""
    made = owner.add_weight(shape=start.shape, initializer="zeros", name=name)
    made.assign(start.astype(np.float32))
    return made
