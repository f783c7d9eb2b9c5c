"""TensorFlow's ops that move values about (shapes, slices, photos), as Keras 3 layers and ops.

Each function has the parameters of the TensorFlow function it stands for; see tf_arithmetic.py.

`tf.shape` gives a tuple of the sizes known beforehand, with None for the batch; the usual
`tf.reshape(x, [tf.shape(x)[0], -1])` then needs no op of its own.
"""

from __future__ import annotations

import math
from typing import Any

from ..errors import InputError
from .tf_arithmetic import Op, constant, is_tensor, only_nhwc

_FLOATS = ("float16", "bfloat16", "float32", "float64")


def concat(values: Any, axis: Any, name: str | None = None) -> Any:
    """`tf.concat`."""
    import keras

    if not any(is_tensor(value) for value in values):
        return tuple(size for value in values for size in value)
    if len(values) == 1:
        return values[0]
    like = next(value for value in values if is_tensor(value))
    if all(is_tensor(value) and len(value.shape) == len(like.shape) for value in values) and axis != 0:
        return keras.layers.Concatenate(axis=axis, name=name)(list(values))
    return keras.ops.concatenate([constant(value, like) for value in values], axis=axis)


def concat_keras(tensors: Any, axis: Any = -1, name: str | None = None) -> Any:
    """`keras.backend.concatenate`."""
    return concat(tensors, axis, name)


def _size(value: Any) -> int:
    """One size of a shape: the batch, not known beforehand, is what is left over."""
    if is_tensor(value):
        raise ValueError("a shape computed from the input's values")
    return -1 if value is None else int(value)


def sizes_of(shape: Any) -> tuple[int, ...]:
    """The sizes in a shape; -1 for the batch."""
    if is_tensor(shape):
        raise ValueError("a shape computed from the input's values")
    sizes = (shape,) if isinstance(shape, int) else shape
    return tuple(_size(one) for one in sizes)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """`tf.reshape`; with the batch left alone it is a Reshape layer."""
    import keras

    sizes = sizes_of(shape)
    inner, known = sizes[1:], tensor.shape[1:]
    keeps_batch = sizes[:1] == (-1,) and None not in known and -1 not in inner and math.prod(inner) == math.prod(known)
    whole = inner.count(-1) == 1 and (
        sizes[0] == -1 or (shape[0] is None if isinstance(shape, (list, tuple)) else False)
    )
    if keeps_batch or whole:
        return keras.layers.Reshape(inner, name=name)(tensor)
    return keras.ops.reshape(tensor, sizes)


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str | None = None) -> Any:
    """`tf.transpose`; with the batch left in front it is a Permute layer."""
    import keras

    if perm is not None and len(perm) > 1 and perm[0] == 0:
        return keras.layers.Permute(tuple(perm[1:]), name=name)(a)
    return keras.ops.transpose(a, axes=perm)


def expand_dims(input: Any, axis: Any = None, dim: Any = None) -> Any:
    """`tf.expand_dims`."""
    import keras

    return keras.ops.expand_dims(input, axis if axis is not None else dim)


def squeeze(input: Any, axis: Any = None, squeeze_dims: Any = None) -> Any:
    """`tf.squeeze`; without axes it removes those known to be 1, but never the batch."""
    import keras

    axis = axis if axis is not None else squeeze_dims
    if axis is None or axis == []:
        axis = tuple(i for i, size in enumerate(input.shape) if size == 1 and i > 0)
    return keras.ops.squeeze(input, tuple(axis) if isinstance(axis, (list, tuple)) else axis)


def cast(x: Any, dtype: Any) -> Any:
    """`tf.cast`; casts between floats are left out, because everything is opened as float32."""
    import keras

    if not is_tensor(x):
        return x
    wanted = "float32" if dtype in _FLOATS else dtype
    return x if x.dtype == wanted else keras.ops.cast(x, wanted)


def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None) -> Any:
    """`tf.split`; sizes become the points between parts."""
    import keras

    if isinstance(num_or_size_splits, int):
        return keras.ops.split(value, num_or_size_splits, axis=axis)
    sizes = list(num_or_size_splits)
    if -1 in sizes:
        sizes[sizes.index(-1)] = int(value.shape[axis]) - sum(size for size in sizes if size != -1)
    points = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]
    return keras.ops.split(value, points, axis=axis)


def stack(values: Any, axis: int = 0) -> Any:
    """`tf.stack`."""
    import keras

    if not any(is_tensor(value) for value in values):
        return tuple(values)
    return keras.ops.stack(list(values), axis=axis)


def unstack(value: Any, num: Any = None, axis: int = 0) -> Any:
    """`tf.unstack`."""
    import keras

    return list(keras.ops.unstack(value, num=num, axis=axis)) if is_tensor(value) else tuple(value)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: Any = None) -> Any:
    """`tf.pad`; zeros around the two middle axes of a photo are a ZeroPadding2D layer."""
    import keras

    widths = tuple((int(before), int(after)) for before, after in paddings)
    mode = mode.lower()
    if mode == "constant" and constant_values == 0 and len(widths) == 4 and widths[0] == widths[3] == (0, 0):
        return keras.layers.ZeroPadding2D(widths[1:3], data_format="channels_last", name=name)(tensor)
    if mode == "constant":
        return keras.ops.pad(tensor, widths, mode="constant", constant_values=constant_values)
    return keras.ops.pad(tensor, widths, mode=mode)


def shape_of(input: Any, out_type: Any = None) -> tuple[int | None, ...]:
    """`tf.shape`: the sizes known beforehand."""
    return tuple(input.shape)


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, output_type: Any = None, **flags: Any
) -> Any:
    """`tf.matmul`."""
    import keras

    if any(flags.values()):
        raise ValueError("options of tf.matmul other than transpose_a and transpose_b")
    left = keras.ops.swapaxes(a, -1, -2) if transpose_a else a
    right = keras.ops.swapaxes(b, -1, -2) if transpose_b else b
    return keras.ops.matmul(constant(left, right), constant(right, left))


def tensordot(a: Any, b: Any, axes: Any) -> Any:
    """`tf.tensordot`."""
    import keras

    return keras.ops.tensordot(constant(a, b), constant(b, a), axes=axes)


def tile(input: Any, multiples: Any) -> Any:
    """`tf.tile`."""
    import keras

    return keras.ops.tile(input, sizes_of(multiples))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """`tf.where` with both values."""
    import keras

    if x is None or y is None:
        raise ValueError("tf.where without values, whose result has no fixed size")
    return keras.ops.where(condition, constant(x, y), constant(y, x))


def resize(
    images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False
) -> Any:
    """`tf.image.resize` of TensorFlow 2."""
    import keras

    if preserve_aspect_ratio:
        raise ValueError("tf.image.resize with preserve_aspect_ratio")
    return keras.ops.image.resize(
        images, sizes_of(size), interpolation=method, antialias=antialias, data_format="channels_last"
    )


def rgb_to_grayscale(images: Any) -> Any:
    """`tf.image.rgb_to_grayscale`."""
    import keras
    import numpy as np

    weights = np.asarray([[0.2989], [0.5870], [0.1140]], "float32")  # as tf.image has them
    return keras.ops.matmul(images, weights)


def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    """`tf.nn.depth_to_space`."""
    import keras

    only_nhwc(data_format)
    _check_has("depth_to_space")
    return keras.ops.depth_to_space(input, block_size, data_format="channels_last")


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    """`tf.nn.space_to_depth`."""
    import keras

    only_nhwc(data_format)
    _check_has("space_to_depth")
    return keras.ops.space_to_depth(input, block_size, data_format="channels_last")


def _check_has(op: str) -> None:
    import keras

    if not hasattr(keras.ops, op):
        raise InputError(
            f"tf.nn.{op} has no counterpart in Keras {keras.__version__}; install edgecomp under Python 3.11 or newer, "
            "which has a Keras with it"
        )


def pool(layer_name: str) -> Op:
    """`tf.nn.max_pool2d` or `tf.nn.avg_pool2d`, as that pooling layer."""

    def op(
        input: Any = None,
        ksize: Any = None,
        strides: Any = None,
        padding: str = "VALID",
        data_format: Any = "NHWC",
        value: Any = None,
        name: Any = None,
    ) -> Any:
        import keras

        only_nhwc(data_format)
        layer = getattr(keras.layers, layer_name)
        tensor = input if input is not None else value
        return layer(_middle(ksize), _middle(strides), padding=padding.lower(), name=name)(tensor)

    return op


def _middle(sizes: Any) -> tuple[int, int]:
    """The two spatial sizes of a window given as one number, two or four."""
    if isinstance(sizes, int):
        return sizes, sizes
    return (sizes[1], sizes[2]) if len(sizes) == 4 else (sizes[0], sizes[-1])


def convert(value: Any, dtype: Any = None, **_: Any) -> Any:
    """`tf.convert_to_tensor`."""
    return cast(value, dtype) if dtype else value
