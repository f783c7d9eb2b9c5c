"""Operators that treat each element by itself: arithmetic of two values, and functions of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .call import Call

Function = Callable[[Call], Any]


def binary(function: Callable[[Any, Any], Any]) -> Function:
    """An operator with two inputs that broadcast, and perhaps a fused activation."""

    def apply(call: Call) -> Any:
        return call.activated(function(*call.aligned()))

    return apply


def unary(function: Callable[[Any], Any]) -> Function:
    """An operator with one input."""

    def apply(call: Call) -> Any:
        return function(call.data())

    return apply


def relu_0_to_1(value: Any) -> Any:
    return tf.clip_by_value(value, 0.0, 1.0)


def relu_n1_to_1(value: Any) -> Any:
    return tf.clip_by_value(value, -1.0, 1.0)


def hard_swish(value: Any) -> Any:
    return value * tf.nn.relu6(value + 3) / 6


def leaky_relu(call: Call) -> Any:
    return tf.nn.leaky_relu(call.data(), float(call.option("alpha")))


def prelu(call: Call) -> Any:
    value, slope = call.aligned()
    return tf.nn.relu(value) - slope * tf.nn.relu(-value)


def gelu(call: Call) -> Any:
    return tf.nn.gelu(call.data(), approximate=bool(call.option("approximate")))


def softmax(call: Call) -> Any:
    return tf.nn.softmax(call.data() * float(call.option("beta", 1.0)))


def l2_normalization(call: Call) -> Any:
    return tf.math.l2_normalize(call.data(), axis=-1)
