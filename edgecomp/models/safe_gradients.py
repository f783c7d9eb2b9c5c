"""Strided convolutions of 1x1 written so that TensorFlow's gradients of them do not break memory.

oneDNN, which TensorFlow computes convolutions with on x86 processors, copies every second pixel to a place that is too
small when it takes the gradient of such a kernel with fewer than 16 input channels, and the process ends wherever it
next asks for memory (uxlfoundation/oneDNN#6035; seen with TensorFlow 2.21). Choosing the pixels first and then
convolving with stride 1 gives the same numbers and never comes to that place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def safe_gradients(*networks: Any) -> Iterator[None]:
    """While the block lasts, the networks compute their strided 1x1 convolutions with stride 1, on chosen pixels.

    Functions that TensorFlow compiles from the networks inside the block stay safe behind it. What is exported inside
    the block would have an operation more for each such layer.

    Args:
        networks: Keras models; networks within them count too.
    """
    layers = [layer for network in networks for layer in network._flatten_layers()]
    found = {id(one): one for one in layers if _is_strided_1x1(one) and "call" not in vars(one)}
    with ExitStack() as restored:
        for layer in found.values():
            restored.enter_context(_on_chosen_pixels(layer))
        yield


def every(data: Any, strides: Sequence[int], *, first: int = 1) -> Any:
    """Every so many-th element along some axes: what a kernel of 1x1 with these strides reads.

    Args:
        data: a tensor [batch, rows, columns, channels], or with other axes in between.
        strides: of each of these axes.
        first: the first of them.
    """
    return data[(slice(None),) * first + tuple(slice(None, None, stride) for stride in strides)]


def _is_strided_1x1(layer: Any) -> bool:
    import keras

    kinds = keras.layers
    if not isinstance(
        layer,
        (
            kinds.Conv1D,
            kinds.Conv2D,
            kinds.Conv3D,
            kinds.DepthwiseConv1D,
            kinds.DepthwiseConv2D,
            kinds.SeparableConv1D,
            kinds.SeparableConv2D,
        ),
    ):
        return False
    return set(layer.kernel_size) == {1} and max(layer.strides) > 1


@contextmanager
def _on_chosen_pixels(layer: Any) -> Iterator[None]:
    computed, strides = layer.call, layer.strides
    first = 1 if layer.data_format == "channels_last" else 2

    def call(inputs: Any) -> Any:
        layer.strides = (1,) * len(strides)
        try:
            return computed(every(inputs, strides, first=first))
        finally:
            layer.strides = strides

    layer.call = call
    try:
        yield
    finally:
        del layer.call
