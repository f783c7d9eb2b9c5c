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


def fake_quantize_weights(weights: Any, bits: int, axis: int | None, least_bound: Any) -> Any:
    """Rounds weights to integers that are symmetric around 0.

    The largest weight sets the scale, so that none is clipped and the gradient is that of the weights as they are.

    Args:
        weights: float32, any shape.
        bits: of the integers.
        axis: of the channels that have a scale each; None for one scale.
        least_bound: the magnitude that the integers must reach at least, float32 scalar or one for each channel.
    """
    largest = 2 ** (bits - 1) - 1
    others = [one for one in range(weights.shape.rank) if one != axis]
    bound = tf.reduce_max(tf.abs(weights), axis=others, keepdims=True)
    if axis is None:
        least_bound = tf.reduce_max(least_bound)
    else:
        shape = [-1 if one == axis else 1 for one in range(weights.shape.rank)]
        least_bound = tf.reshape(tf.broadcast_to(least_bound, [weights.shape[axis]]), shape)
    scale = tf.maximum(tf.maximum(bound, least_bound), LEAST_WIDTH) / largest
    return weights + tf.stop_gradient(tf.round(weights / scale) * scale - weights)
