"""Whether a convolution's windows reach beyond its input, where zeros stand in."""

from __future__ import annotations

from typing import Any

from ..calls import Shape


def reads_padding(layer: Any, input_shape: Shape) -> bool:
    """Whether some output of a convolution (also depthwise, separable) sees padded zeros.

    Args:
        layer: has `kernel_size`, `strides`, `dilation_rate` and `padding` ("valid", "same" or "causal").
        input_shape: with the batch axis; channels last.
    """
    if layer.padding == "valid":
        return False
    sizes = input_shape[1:-1]
    if layer.padding == "causal":
        return any(kernel > 1 for kernel in layer.kernel_size)
    windows = zip(sizes, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    return any(_padded(*window) for window in windows)


def _padded(size: int | None, kernel: int, stride: int, dilation: int) -> bool:
    """Whether "same" pads one axis."""
    if kernel == 1:
        return False
    if size is None:
        return True
    outputs = -(-size // stride)
    return (outputs - 1) * stride + (kernel - 1) * dilation + 1 > size
