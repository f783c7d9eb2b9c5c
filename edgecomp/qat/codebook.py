"""Weights that take the values of a codebook only, in a way that training can see through, and what they cost to send.

Forward, a weight is the nearest of its layer's levels times its channel's step, as the INT8 file will have it.
Backward, taking the nearest counts as if it did nothing; a level has the sum of its members' gradients (Han et al.,
"Deep Compression", 2016), a step that of LSQ (Esser et al., "Learned Step Size Quantization", 2020).
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

LARGEST = 127
"""The largest level, of int8."""


def share(weights: Any, steps: Any, levels: Any) -> Any:
    """Gives each weight the nearest value there is.

    Args:
        weights: float32, any shape.
        steps: float32, of the weights' rank, 1 along each axis but that of the channels; what a level counts in.
        levels: float32 [count], whole numbers, in any order.

    Returns:
        float32 of the weights' shape: a level times a step each.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def shared(weights: Any, steps: Any, levels: Any) -> Any:
        order = tf.argsort(levels)
        ascending = tf.gather(levels, order)
        counted = weights / steps
        nearest = _nearest(counted, ascending)
        chosen = tf.gather(ascending, nearest)

        def gradients(upstream: Any) -> tuple[Any, Any, Any]:
            above, below = counted > ascending[-1], counted < ascending[0]
            outside = above | below
            # What lies beyond the last level moves only back to it: nothing would ever call it back from farther out.
            leaving = (above & (upstream < 0)) | (below & (upstream > 0))
            slopes = upstream * (chosen - tf.where(outside, 0.0, counted))
            members = tf.math.unsorted_segment_sum(
                tf.reshape(upstream * steps, [-1]), tf.reshape(nearest, [-1]), tf.size(levels)
            )
            return (
                tf.where(leaving, 0.0, upstream),
                sum_to(slopes, steps),
                tf.gather(members, tf.math.invert_permutation(order)),
            )

        return chosen * steps, gradients

    return shared(weights, steps, levels)


def bits(weights: Any, steps: Any, levels: Any) -> Any:
    """What an entropy coder takes for the levels of weights, a scalar; its gradient draws weights to zero.

    A level costs what its share among all weights says. From level to level the costs go up and down, and a gradient
    that followed them would leave weights in every dip. So each is drawn all the way to the cheapest level, which is
    zero, by what the way there saves on average.

    Args:
        weights: as `share` takes them.
        steps: likewise; gets no gradient.
        levels: likewise, 0 among them; gets no gradient.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def coded(weights: Any) -> Any:
        ascending = tf.sort(levels)
        nearest = _nearest(weights / steps, ascending)
        uses = tf.cast(tf.math.bincount(tf.reshape(nearest, [-1]), minlength=tf.size(levels)), tf.float32)
        costs = -tf.math.log((uses + 0.5) / tf.reduce_sum(uses + 0.5)) / tf.math.log(2.0)
        away = uses * tf.cast(ascending != 0, tf.float32)
        at_zero = costs[tf.argmin(tf.abs(ascending))]
        saved = tf.reduce_sum(away * (costs - at_zero))
        slope = tf.maximum(tf.math.divide_no_nan(saved, tf.reduce_sum(away * tf.abs(ascending))), 0.0)

        def gradient(upstream: Any) -> Any:
            return upstream * slope * tf.sign(weights) / steps

        return tf.reduce_sum(uses * costs), gradient

    return coded(weights)


def whole(levels: Any) -> Any:
    """Levels as whole numbers that int8 holds; rounding counts as if it did nothing."""
    limited = tf.clip_by_value(levels, -float(LARGEST), float(LARGEST))
    return limited + tf.stop_gradient(tf.round(limited) - limited)


def short(steps: Any, digits: int) -> Any:
    """Steps of so many significant binary digits, which cost less to send; rounding counts as if it did nothing."""
    unit = tf.pow(2.0, tf.floor(tf.math.log(steps) / tf.math.log(2.0)) + 1 - digits)
    return steps + tf.stop_gradient(tf.round(steps / unit) * unit - steps)


def sum_to(values: Any, like: Any) -> Any:
    """Sums values over the axes along which `like` has one place."""
    axes = [axis for axis, size in enumerate(like.shape) if size == 1]
    return tf.reduce_sum(values, axis=axes, keepdims=True)


def _nearest(counted: Any, ascending: Any) -> Any:
    """The place of the nearest level, int32 of the shape of `counted`."""
    middles = (ascending[1:] + ascending[:-1]) / 2
    return tf.reshape(tf.searchsorted(middles, tf.reshape(counted, [-1])), tf.shape(counted))
