"""Operators that move values about: shapes, slices, joins, padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from .call import Call


def reshape(call: Call) -> Any:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: all that counts is the shape that comes out."""
    return call.reshaped(call.data(), call.shape)


def transpose(call: Call) -> Any:
    return tf.transpose(call.data(), [0, *(int(axis) + 1 for axis in call.constant(1))])


def broadcast_to(call: Call) -> Any:
    value = call.value(0)
    missing = len(call.shape) - len(value.shape)
    return tf.broadcast_to(call.reshaped(call.data(), (*[1] * missing, *value.shape)), [call.batch, *call.shape])


def tile(call: Call) -> Any:
    return tf.tile(call.data(), [1, *map(int, call.constant(1))])


def concatenation(call: Call) -> Any:
    axis = call.axis(call.option("axis"), len(call.shape))
    return call.activated(tf.concat([call.data(place) for place in range(len(call.values))], axis=axis))


def pack(call: Call) -> Any:
    axis = call.axis(call.option("axis"), len(call.shape))
    return tf.stack([call.data(place) for place in range(len(call.values))], axis=axis)


def unpack(call: Call) -> list[Any]:
    axis = call.axis(call.option("axis"), len(call.value(0).shape))
    return list(tf.unstack(call.data(), num=len(call.shapes), axis=axis))


def split(call: Call) -> list[Any]:
    """The axis is the first input, the data the second."""
    axis = call.axis(int(call.constant(0).reshape(())), len(call.value(1).shape))
    return list(tf.split(call.data(1), len(call.shapes), axis=axis))


def split_v(call: Call) -> list[Any]:
    rank = len(call.value(0).shape)
    axis = call.axis(int(call.constant(2).reshape(())), rank)
    return list(tf.split(call.data(), [shape[axis - 1] for shape in call.shapes], axis=axis))


def slice_(call: Call) -> Any:
    begin = [0, *map(int, call.constant(1))]
    return tf.slice(call.data(), begin, [-1, *call.shape])


def strided_slice(call: Call) -> Any:
    """The masks have a bit for each axis, so that those behind the batch move up by one."""
    begin, end, strides = ([first, *map(int, call.constant(place))] for place, first in ((1, 0), (2, 0), (3, 1)))
    masks = {
        name: int(call.option(option)) << 1
        for name, option in (
            ("ellipsis_mask", "ellipsisMask"),
            ("new_axis_mask", "newAxisMask"),
            ("shrink_axis_mask", "shrinkAxisMask"),
        )
    }
    begin_mask, end_mask = ((int(call.option(name)) << 1) | 1 for name in ("beginMask", "endMask"))
    return tf.strided_slice(call.data(), begin, end, strides, begin_mask=begin_mask, end_mask=end_mask, **masks)


def gather(call: Call) -> Any:
    """Rows of a table by computed indices, or parts of a computed value by constant ones."""
    table, indices = call.value(0), call.value(1)
    axis = int(call.option("axis")) % len(table.shape)
    if int(call.option("batchDims")):
        raise call.refusal("gathers along several axes at once")
    if not table.batched:
        if axis:
            raise call.refusal("gathers from a constant along an axis other than the first")
        return tf.gather(table.tensor, indices.tensor)
    if indices.batched:
        return tf.gather(table.tensor, indices.tensor, axis=axis + 1, batch_dims=1)
    return tf.gather(table.tensor, indices.tensor, axis=axis + 1)


def pad(call: Call) -> Any:
    """PAD and PADV2, whose value to pad with is the third input."""
    value = float(call.constant(2).reshape(())) if call.has(2) else 0.0
    return tf.pad(call.data(), _paddings(call), constant_values=value)


def mirror_pad(call: Call) -> Any:
    return tf.pad(call.data(), _paddings(call), mode=("REFLECT", "SYMMETRIC")[int(call.option("mode"))])


def resize_bilinear(call: Call) -> Any:
    return _resized(call, tf.raw_ops.ResizeBilinear)


def resize_nearest_neighbor(call: Call) -> Any:
    return _resized(call, tf.raw_ops.ResizeNearestNeighbor)


def depth_to_space(call: Call) -> Any:
    return call.unfolded(tf.nn.depth_to_space(call.folded(), int(call.option("blockSize"))))


def space_to_depth(call: Call) -> Any:
    return call.unfolded(tf.nn.space_to_depth(call.folded(), int(call.option("blockSize"))))


def _resized(call: Call, resize: Any) -> Any:
    corners, centres = bool(call.option("alignCorners")), bool(call.option("halfPixelCenters"))
    result = resize(images=call.folded(), size=list(call.shape[1:3]), align_corners=corners, half_pixel_centers=centres)
    return call.unfolded(result)


def _paddings(call: Call) -> np.ndarray:
    return np.concatenate([[[0, 0]], call.constant(1)])
