"""TensorFlow's ops that pick, repeat or reorder values, as Keras ops.

Each function has the parameters of the TensorFlow function it stands for; see tf_arithmetic.py.
"""

from __future__ import annotations

from typing import Any

from .tf_arithmetic import Op, constant, is_tensor
from .tf_shapes import sizes_of


def get_item(tensor: Any, slice_spec: Any, var: Any = None) -> Any:
    """`x[...]`: slices are stored as dicts of start, stop and step."""
    spec = slice_spec if isinstance(slice_spec, (list, tuple)) else [slice_spec]
    key = tuple(slice(one["start"], one["stop"], one["step"]) if isinstance(one, dict) else one for one in spec)
    if not is_tensor(tensor):
        return tuple(tensor)[key[0]]
    return tensor[key if len(key) > 1 else key[0]]


def gather(params: Any, indices: Any, axis: Any = 0, batch_dims: int = 0, validate_indices: Any = None) -> Any:
    """`tf.gather` without batch dimensions."""
    import keras

    if batch_dims:
        raise ValueError("tf.gather with batch_dims")
    return keras.ops.take(constant(params, None), indices, axis=0 if axis is None else axis)


def arg_extreme(name: str) -> Op:
    """`tf.argmax` or `tf.argmin`."""

    def op(input: Any, axis: Any = None, output_type: Any = "int64", dimension: Any = None) -> Any:
        import keras

        axis = axis if axis is not None else dimension
        return keras.ops.cast(getattr(keras.ops, name)(input, axis=0 if axis is None else axis), output_type)

    return op


def one_hot(
    indices: Any, depth: int, on_value: Any = None, off_value: Any = None, axis: Any = None, dtype: Any = None
) -> Any:
    """`tf.one_hot` with ones and zeros."""
    import keras

    if on_value not in (None, 1) or off_value not in (None, 0):
        raise ValueError("tf.one_hot with values of its own")
    return keras.ops.one_hot(indices, depth, axis=-1 if axis is None else axis, dtype=dtype or "float32")


def slice_of(input_: Any, begin: Any, size: Any) -> Any:
    """`tf.slice`; a size of -1 is all that is left."""
    starts, sizes = sizes_of(begin), sizes_of(size)
    parts = [slice(a, None if n == -1 else a + n) for a, n in zip(starts, sizes, strict=True)]
    return input_[tuple(parts)]


def reverse(tensor: Any, axis: Any) -> Any:
    """`tf.reverse`."""
    import keras

    for one in axis if isinstance(axis, (list, tuple)) else (axis,):
        tensor = keras.ops.flip(tensor, axis=one)  # older Keras takes one axis at a time
    return tensor


def flip(axis: int) -> Op:
    """`tf.image.flip_left_right` or `tf.image.flip_up_down` of a batch of photos."""

    def op(image: Any) -> Any:
        return reverse(image, axis)

    return op


def roll(input: Any, shift: Any, axis: Any) -> Any:
    """`tf.roll`."""
    import keras

    return keras.ops.roll(input, shift, axis=axis)


def repeat(input: Any, repeats: Any, axis: Any = None) -> Any:
    """`tf.repeat`."""
    import keras

    return keras.ops.repeat(input, repeats, axis=axis)


def broadcast_to(input: Any, shape: Any) -> Any:
    """`tf.broadcast_to`, whose batch stays what it is."""
    import keras

    sizes = sizes_of(shape)
    if sizes[0] != -1:
        return keras.ops.broadcast_to(input, sizes)
    if len(sizes) != len(input.shape):
        raise ValueError("tf.broadcast_to with more axes than the tensor has")
    return keras.ops.tile(
        input, [1 if old == new else new for old, new in zip((-1, *input.shape[1:]), sizes, strict=True)]
    )


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Any:
    """`tf.sort`."""
    import keras

    ordered = keras.ops.sort(values, axis=axis)
    return ordered if direction == "ASCENDING" else keras.ops.flip(ordered, axis=axis)


def top_k(input: Any, k: int = 1, sorted: bool = True, index_type: Any = None) -> Any:
    """`tf.math.top_k`: values and indices."""
    import keras

    return list(keras.ops.top_k(input, k, sorted=sorted))


def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """`tf.image.crop_to_bounding_box` of a batch of photos."""
    rows = slice(offset_height, offset_height + target_height)
    return image[:, rows, offset_width : offset_width + target_width]


def matrix_transpose(a: Any, conjugate: bool = False) -> Any:
    """`tf.linalg.matrix_transpose`."""
    import keras

    return keras.ops.swapaxes(a, -1, -2)
