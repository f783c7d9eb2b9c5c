"""Weights on whole steps that an entropy coder is to take few bits for, in a way that training can see through.

Forward, a weight is a whole number of its channel's steps, as the INT8 file will have it. Backward, rounding counts as
if it did nothing, and a step has the gradient of LSQ (Esser et al., "Learned Step Size Quantization", 2020): at a
minimum of the loss that is by how much more a coarser step would cost. What it would save is its gradient from the
bits. So where a bit has a price, steps settle where both are the same in all layers: the condition for the best
allocation of bits (Shoham & Gersho, "Efficient bit allocation for an arbitrary set of quantizers", 1988).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..errors import InputError
from ..tflite import Tensor
from .codebook import LARGEST, short, sum_to
from .integer_tensor import STEP_DIGITS, IntegerTensor

STEP_SHARE = 0.4
"""How fast steps are trained, beside weights: all weights of a layer feel it when its step moves."""

RATE = 0.1
"""How much a bit for each weight counts in the loss where there are as many as wanted, beside answers that count 1."""

GAIN, MOST_OCTAVES = 60.0, 9.0
"""How steeply that rises with bits beyond what is wanted, and up to how many times 2."""

REACHED = 0.4
"""Part of the training after which the bits are as few as wanted; until then they become fewer step by step."""

ENOUGH, AIM = 1.05, 0.98
"""Of the bits that are wanted: what is close enough, and what training aims at so that it comes so close."""

BEHIND = 1.02
"""Times the bits that are wanted by now: from where on all steps are made coarser alike. Training is then too short for
each to go its own way."""

_NEARBY = 1.1
"""Times a step, or a part of it: how far off the two places lie between which the slope of the bits is taken."""


@dataclass(frozen=True, eq=False)
class Stored:
    """Weights as an integer file has them.

    Args:
        values: int8, of the weights' shape.
        scale: what they count in, float32 [channels] or [1].
    """

    values: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True, eq=False)
class CodedWeights:
    """How few bits the weights of all layers are to take together.

    Args:
        bits: that an entropy coder is to take for a weight, on average.
        stored: by name, what weights start from; those that are not there are no part of this.
    """

    bits: float
    stored: Mapping[str, Stored]

    def __post_init__(self) -> None:
        if not self.bits > 0:
            raise InputError(f"weights are to take {self.bits:g} bits: give more than 0")

    def tensor(self, owner: keras.Model, tensor: Tensor, unit: np.ndarray, axis: int | None) -> CodedTensor | None:
        """What is trained of a layer's weights; None where they are no part of this. See `CodedTensor`."""
        stored = self.stored.get(tensor.name)
        return None if stored is None or not stored.values.any() else CodedTensor(owner, tensor, unit, axis, stored)

    def goal(self, start: float, along: float) -> float:
        """The bits that are wanted by now.

        Args:
            start: bits at first.
            along: how far training is, 0 to 1.
        """
        if start <= self.bits:
            return self.bits
        part = min(1.0, along / REACHED)
        return float(start ** (1 - part) * (AIM * self.bits) ** part)

    def price(self, bits: Any, goal: Any) -> Any:
        """What bits add to the loss, a scalar.

        Args:
            bits: for a weight, on average; a scalar tensor.
            goal: what there are to be by now, likewise.
        """
        octaves = tf.clip_by_value(GAIN * (tf.stop_gradient(bits) / goal - 1), -MOST_OCTAVES, MOST_OCTAVES)
        return RATE * tf.pow(2.0, octaves) * bits

    def follow(self, tensors: Iterable[IntegerTensor], bits: Callable[[], Any], goal: float) -> None:
        """Makes all steps coarser where the bits are too far behind.

        Args:
            tensors: all that there are.
            bits: tells what a weight takes now, on average.
            goal: see `goal`.
        """
        more = float(bits()) - BEHIND * goal
        for one in tensors if more > 0 else ():
            one.scale_steps(2.0 ** (more / 2))  # a bit less for an octave: half of the way, and the rest next time

    def reached(self, bits: float) -> bool:
        """Whether there are no more bits than there are to be."""
        return bits <= ENOUGH * self.bits


class CodedTensor(IntegerTensor):
    """Weights that are whole numbers of steps; see `IntegerTensor`.

    Args:
        owner: the model that the variables belong to.
        tensor: of the float file.
        unit: what weights are counted in while they are trained.
        axis: of the output channels; None for one step for all.
        stored: what to start from.
    """

    def __init__(self, owner: keras.Model, tensor: Tensor, unit: np.ndarray, axis: int | None, stored: Stored) -> None:
        shape = [size if place == axis else 1 for place, size in enumerate(tensor.shape)]
        steps = np.broadcast_to(stored.scale.reshape(-1), [int(np.prod(shape))]).reshape(shape)
        if (steps != steps.flat[0]).any():
            steps = np.asarray(short(tf.constant(steps), STEP_DIGITS))
        start = stored.values * steps
        super().__init__(owner, tensor, unit, axis, start=start, steps=steps, step_share=STEP_SHARE)

    def value(self, steps: Any) -> Any:
        """The weights as they are now: float32 of their shape."""
        return in_steps(self._behind(), steps)

    def bits(self, steps: Any) -> Any:
        """What an entropy coder takes for all of them, a scalar; its gradient makes steps coarser."""
        return step_bits(tf.stop_gradient(self._behind()), steps)


def in_steps(weights: Any, steps: Any) -> Any:
    """Gives each weight the nearest whole number of steps that int8 holds.

    Args:
        weights: float32, any shape.
        steps: float32, of the weights' rank, 1 along each axis but that of the channels.

    Returns:
        float32 of the weights' shape: an integer times a step each.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def rounded(weights: Any, steps: Any) -> Any:
        chosen = _integers(weights, steps)

        def gradients(upstream: Any) -> tuple[Any, Any]:
            return upstream, sum_to(upstream * (chosen - weights / steps), steps)

        return chosen * steps, gradients

    return rounded(weights, steps)


def step_bits(weights: Any, steps: Any) -> Any:
    """What an entropy coder takes for weights in whole steps, a scalar.

    Its gradient is that of the steps, as if all moved together: what a coarser one saves.

    Args:
        weights: as `in_steps` takes them; get no gradient.
        steps: likewise.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def coded(steps: Any) -> Any:
        finer, coarser = _entropy(weights, steps / _NEARBY), _entropy(weights, steps * _NEARBY)
        slope = tf.minimum((coarser - finer) / (2 * np.log(_NEARBY)), 0.0)

        def gradient(upstream: Any) -> Any:
            return upstream * slope / (tf.cast(tf.size(steps), tf.float32) * steps)

        return _entropy(weights, steps), gradient

    return coded(steps)


def _integers(weights: Any, steps: Any) -> Any:
    return tf.clip_by_value(tf.round(weights / steps), -float(LARGEST), float(LARGEST))


def _entropy(weights: Any, steps: Any) -> Any:
    places = tf.cast(_integers(weights, steps), tf.int32) + LARGEST
    uses = tf.cast(tf.math.bincount(tf.reshape(places, [-1]), minlength=2 * LARGEST + 1), tf.float32)
    count = tf.reduce_sum(uses)
    return (tf.math.xlogy(count, count) - tf.reduce_sum(tf.math.xlogy(uses, uses))) / np.log(2.0).astype(np.float32)
