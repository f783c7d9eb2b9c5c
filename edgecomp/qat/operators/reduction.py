"""Operators that make few values of many: means, sums, pools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .call import Call

_PADDING = {0: "SAME", 1: "VALID"}


def reduced(function: Callable[..., Any]) -> Callable[[Call], Any]:
    """A reduction over the axes that the second input names."""

    def apply(call: Call) -> Any:
        return function(call.data(), axis=call.axes(1), keepdims=bool(call.option("keepDims")))

    return apply


def pooled(function: Callable[..., Any]) -> Callable[[Call], Any]:
    """A pool over windows of height and width."""

    def apply(call: Call) -> Any:
        size = [int(call.option("filterHeight")), int(call.option("filterWidth"))]
        strides = [int(call.option("strideH")), int(call.option("strideW"))]
        result = function(call.folded(), size, strides, _PADDING[int(call.option("padding"))])
        return call.activated(call.unfolded(result))

    return apply


average_pool_2d = pooled(tf.nn.avg_pool2d)
max_pool_2d = pooled(tf.nn.max_pool2d)
