"""Operators with weights. Weights come in the file's order of axes; SAME padding is TensorFlow's own."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ...models.safe_gradients import every
from .call import Call

_PADDING = {0: "SAME", 1: "VALID"}


def conv_2d(call: Call) -> Any:
    """Weights [out, height, width, in / groups]."""
    data, kernel = call.folded(0), tf.transpose(call.value(1).tensor, [1, 2, 3, 0])
    groups = call.value(0).shape[3] // call.value(1).shape[3]

    def convolved(data: Any, kernel: Any) -> Any:
        data, strides = _read_by(kernel, data, _strides(call))
        return tf.nn.conv2d(data, kernel, strides, _padding(call), dilations=_dilations(call))

    if groups == 1:
        return _finished(call, convolved(data, kernel), 2)
    # TensorFlow has no gradient of grouped convolutions on CPUs.
    parts = zip(tf.split(data, groups, axis=3), tf.split(kernel, groups, axis=3), strict=True)
    return _finished(call, tf.concat([convolved(*part) for part in parts], axis=3), 2)


def depthwise_conv_2d(call: Call) -> Any:
    """Weights [1, height, width, in * multiplier]."""
    data, weights = call.folded(0), call.value(1)
    strides = _strides(call)
    if strides[0] != strides[1]:
        raise call.refusal(f"has the strides {strides[0]} and {strides[1]}")
    _, height, width, _ = weights.shape
    kernel = tf.reshape(weights.tensor, [height, width, call.value(0).shape[3], -1])
    data, strides = _read_by(kernel, data, strides)
    result = tf.nn.depthwise_conv2d(data, kernel, [1, *strides, 1], _padding(call), dilations=_dilations(call))
    return _finished(call, result, 2)


def transpose_conv(call: Call) -> Any:
    """Weights [out, height, width, in]; the data are the third input."""
    data, kernel = call.folded(2), tf.transpose(call.value(1).tensor, [1, 2, 0, 3])
    shape = [tf.shape(data)[0], *call.shape[1:]]
    result = tf.nn.conv2d_transpose(data, kernel, shape, _strides(call), _padding(call))
    return _finished(call, result, 3)


def fully_connected(call: Call) -> Any:
    """Weights [out, in]; the last axis of the data, or as many of the last axes as make up `in`, is summed over."""
    weights = call.value(1)
    if weights.batched:
        rows = tf.reshape(call.data(0), [call.batch, -1, weights.shape[1]])
        result = tf.matmul(rows, weights.tensor, transpose_b=True)
    else:
        result = tf.matmul(tf.reshape(call.data(0), [-1, weights.shape[1]]), weights.tensor, transpose_b=True)
    return _finished(call, result, 2)


def batch_matmul(call: Call) -> Any:
    """Products of the last two axes; the others broadcast."""
    left, right = call.aligned()
    return tf.matmul(left, right, transpose_a=bool(call.option("adjX")), transpose_b=bool(call.option("adjY")))


def _finished(call: Call, result: Any, bias: int) -> Any:
    if call.has(bias):
        result = result + call.value(bias).tensor
    return call.activated(call.unfolded(result))


def _read_by(kernel: Any, data: Any, strides: list[int]) -> tuple[Any, list[int]]:
    """The pixels that a kernel reads, and its strides over them; see `safe_gradients` for why."""
    if kernel.shape[:2] == [1, 1] and max(strides) > 1:
        return every(data, strides), [1, 1]
    return data, strides


def _padding(call: Call) -> str:
    return _PADDING[int(call.option("padding"))]


def _strides(call: Call) -> list[int]:
    return [int(call.option("strideH", 1)), int(call.option("strideW", 1))]


def _dilations(call: Call) -> list[int]:
    return [int(call.option("dilationHFactor", 1)), int(call.option("dilationWFactor", 1))]
