"""Convolutions and dense layers as matrix products, at chosen positions of their output.

In each of its groups a layer is `outputs = patches @ weights.T`: one group for a convolution or a dense layer, as many
as input channels for a depthwise convolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .weighted import WeightedLayer

_SAME = 0  # the schema's Padding

Pair = tuple[int, int]
"""Along the height and along the width."""


@dataclass(frozen=True)
class PatchGeometry:
    """Which inputs an output position is made of.

    Args:
        kind: the operator's name.
        kernel: height and width; 1 x 1 for a dense layer.
        stride: of the kernel over the input, after that was spread.
        dilation: between the kernel's taps.
        spread: distance that the input's values are moved apart, with zeros between: a transposed convolution is a
            convolution of such an input with a turned kernel.
        before: rows and columns of padding ahead of the input.
        size: height and width of the output; 1 x rows for a dense layer.
        groups: into how many groups channels are divided.
    """

    kind: str
    kernel: Pair
    stride: Pair
    dilation: Pair
    spread: Pair
    before: Pair
    size: Pair
    groups: int

    @property
    def positions(self) -> int:
        """How many positions the output has."""
        return prod(self.size)

    def patches(self, values: np.ndarray, positions: np.ndarray, fill: float) -> np.ndarray:
        """The inputs of some output positions.

        Args:
            values: the layer's data: [1, height, width, channels]; for a dense layer rows of any shape.
            positions: int [p], counted row by row.
            fill: what stands for zero among `values`.

        Returns:
            [groups, p, taps], dtype of `values`.
        """
        image = values.reshape(*self.size, -1) if self.kind == "FULLY_CONNECTED" else values[0]
        starts = np.divmod(positions, self.size[1])
        y, x = (
            start[:, None] * stride + np.arange(kernel) * dilation
            for start, stride, kernel, dilation in zip(starts, self.stride, self.kernel, self.dilation, strict=True)
        )
        padded = self._padded(image, (int(y.max()) + 1, int(x.max()) + 1), fill)
        taps = padded[y[:, :, None], x[:, None, :]]  # [p, kernel height, kernel width, channels]
        grouped = taps.reshape(len(positions), prod(self.kernel), self.groups, -1).transpose(2, 0, 1, 3)
        patches: np.ndarray = grouped.reshape(self.groups, len(positions), -1)
        return patches

    def matrix(self, weights: np.ndarray) -> np.ndarray:
        """A layer's weights as [groups, outputs of a group, taps]."""
        if self.kind == "DEPTHWISE_CONV_2D":
            matrix: np.ndarray = weights.reshape(prod(self.kernel), self.groups, -1).transpose(1, 2, 0)
        else:
            matrix = _turned(self.kind, weights).reshape(self.groups, len(weights) // self.groups, -1)
        return np.ascontiguousarray(matrix)

    def weights(self, matrix: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The inverse of `matrix`: weights of a shape."""
        if self.kind == "DEPTHWISE_CONV_2D":
            return np.ascontiguousarray(matrix.transpose(2, 0, 1)).reshape(shape)
        return np.ascontiguousarray(_turned(self.kind, matrix.reshape(shape)))

    def by_group(self, channels: np.ndarray) -> np.ndarray:
        """[..., channels] -> [groups, ..., outputs of a group]."""
        return np.moveaxis(channels.reshape(*channels.shape[:-1], self.groups, -1), -2, 0)

    def outputs(self, values: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """A layer's output at some positions as [p, channels]."""
        chosen: np.ndarray = values.reshape(self.positions, -1)[positions]
        return chosen

    def _padded(self, image: np.ndarray, reach: Pair, fill: float) -> np.ndarray:
        """An image [height, width, channels], spread, then padded so that all coordinates below `reach` are in it."""
        height, width = ((size - 1) * spread + 1 for size, spread in zip(image.shape[:2], self.spread, strict=True))
        top, left = self.before
        if (top, left) == (0, 0) and self.spread == (1, 1) and reach[0] <= height and reach[1] <= width:
            return image
        canvas = np.full((max(reach[0], top + height), max(reach[1], left + width), image.shape[2]), fill, image.dtype)
        canvas[top : top + height : self.spread[0], left : left + width : self.spread[1]] = image
        return canvas


def patch_geometry(layer: WeightedLayer) -> PatchGeometry | None:
    """The geometry of a layer; None where a size is only known when the network runs."""
    kind, options = layer.operator.name, layer.operator.options
    data, output, weights = layer.data, layer.output, layer.weights.shape
    if data.dynamic or output.dynamic:
        return None
    if kind == "FULLY_CONNECTED":
        rows = output.elements // layer.channels
        return PatchGeometry(kind, (1, 1), (1, 1), (1, 1), (1, 1), (0, 0), (1, rows), 1)
    if len(data.shape) != 4 or data.shape[0] != 1:
        return None
    kernel, size = (weights[1], weights[2]), (output.shape[1], output.shape[2])
    stride = (int(options["strideH"]), int(options["strideW"]))
    same = options.get("padding", _SAME) == _SAME
    if kind == "TRANSPOSE_CONV":
        before = tuple(
            kernel[axis] - 1 - (_same_padding(size[axis], kernel[axis], stride[axis]) if same else 0) for axis in (0, 1)
        )
        return PatchGeometry(kind, kernel, (1, 1), (1, 1), stride, (before[0], before[1]), size, 1)
    dilation = (int(options.get("dilationHFactor", 1)), int(options.get("dilationWFactor", 1)))
    extent = tuple((kernel[axis] - 1) * dilation[axis] + 1 for axis in (0, 1))
    before = tuple(_same_padding(data.shape[1 + axis], extent[axis], stride[axis]) if same else 0 for axis in (0, 1))
    groups = data.shape[3] if kind == "DEPTHWISE_CONV_2D" else data.shape[3] // weights[3]
    return PatchGeometry(kind, kernel, stride, dilation, (1, 1), (before[0], before[1]), size, groups)


def _same_padding(size: int, extent: int, stride: int) -> int:
    """Padding ahead of an axis that TFLite's SAME gives."""
    steps = -(-size // stride)
    return max((steps - 1) * stride + extent - size, 0) // 2


def _turned(kind: str, weights: np.ndarray) -> np.ndarray:
    return weights[:, ::-1, ::-1] if kind == "TRANSPOSE_CONV" else weights
