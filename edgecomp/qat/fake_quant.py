"""Rounding to integers in a way that training can see through.

What is computed forward is the arithmetic of litert-quantizer; backward, rounding counts as if it did nothing (Bengio
et al. 2013, "Estimating or Propagating Gradients Through Stochastic Neurons"). Ranges have the gradient of LSQ (Esser
et al. 2020, "Learned Step Size Quantization") for both ends, as in LSQ+ (Bhalgat et al. 2020): what was clipped pulls
an end outwards, what was rounded pulls it to where rounding does less harm.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

LEAST_WIDTH = 1e-9
"""A narrower range or smaller weights count as if they had this size, as the quantizer has it."""


def nudged(low: Any, high: Any, bits: int) -> tuple[Any, Any]:
    """The ends as integers have them, moved so that 0 is one of the values.

    Args:
        low: float32 scalar, at most 0.
        high: float32 scalar, at least 0.
        bits: there are 2^bits values.
    """
    steps = 2**bits - 1
    scale = tf.maximum(high - low, LEAST_WIDTH) / steps
    zero = tf.round(-low / scale)
    return -zero * scale, (steps - zero) * scale


def fake_quantize(values: Any, low: Any, high: Any, bits: int) -> Any:
    """Rounds activations.

    Args:
        values: float32, any shape.
        low: least value, float32 scalar, at most 0; gets a gradient.
        high: largest value, float32 scalar, at least 0; gets a gradient.
        bits: there are 2^bits values.

    Returns:
        float32 of the same shape.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def rounded(values: Any, low: Any, high: Any) -> Any:
        least, most = nudged(low, high, bits)
        result = tf.quantization.fake_quant_with_min_max_vars(values, least, most, num_bits=bits)

        def gradients(upstream: Any) -> tuple[Any, Any, Any]:
            below = tf.where(values < least, upstream, 0.0)
            above = tf.where(values > most, upstream, 0.0)
            inside = upstream - below - above
            # A step is (high - low) / (2^bits - 1), and its gradient is the rounding error in steps.
            rounding = tf.reduce_sum(inside * (result - values)) / (most - least)
            return inside, tf.reduce_sum(below) - rounding, tf.reduce_sum(above) + rounding

        return result, gradients

    return rounded(values, low, high)


def away_from_stored_zero(values: Any, low: Any, high: Any, bits: int) -> Any:
    """Moves values a thousandth of a step such that what lies between two integers rounds as AVERAGE_POOL_2D does it.

    Means of few integers often lie exactly between two. The kernel rounds those away from the stored integer 0, which
    stands for the middle of the range; left to the last bit of a float32, they would go either way.

    Args:
        values: float32, any shape.
        low: least value of the grid, float32 scalar.
        high: largest value of the grid, float32 scalar.
        bits: there are 2^bits values.
    """
    least, most = nudged(low, high, bits)
    step = (most - least) / (2**bits - 1)
    middle = least + step * 2 ** (bits - 1)
    return values + tf.stop_gradient(tf.sign(values - middle) * step / 1000)


def weight_steps(weights: Any, bits: int, axis: int | None, least_bound: Any) -> Any:
    """How far apart the integers of weights are; they are symmetric around 0, and the largest weight is one of them.

    Args:
        weights: float32, any shape.
        bits: of the integers.
        axis: of the channels that have a step each; None for one step.
        least_bound: the magnitude that the integers must reach at least, float32 scalar or one for each channel.

    Returns:
        float32 of the weights' rank, 1 along each axis but `axis`.
    """
    others = [one for one in range(weights.shape.rank) if one != axis]
    bound = tf.reduce_max(tf.abs(weights), axis=others, keepdims=True)
    if axis is None:
        least_bound = tf.reduce_max(least_bound)
    else:
        least_bound = tf.reshape(tf.broadcast_to(least_bound, [weights.shape[axis]]), bound.shape)
    return tf.maximum(tf.maximum(bound, least_bound), LEAST_WIDTH) / (2 ** (bits - 1) - 1)


def rounded_to(values: Any, step: Any) -> Any:
    """Rounds to multiples of a step that clips nothing: the gradient is that of the values as they are.

    Args:
        values: float32, any shape.
        step: float32 that broadcasts with the values; gets no gradient.
    """
    return values + tf.stop_gradient(tf.round(values / step) * step - values)
