"""TensorFlow's arithmetic, activations and reductions, as Keras 3 layers and ops.

Each function has the parameters of the TensorFlow function it stands for, so that the arguments stored in a file fit.
The most used become layers, which later passes know. Those that take a `name` give it to the layer they make.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Op = Callable[..., Any]


def is_tensor(value: Any) -> bool:
    """Whether a value is a symbolic tensor of the network being rebuilt."""
    return hasattr(value, "_keras_history")


def constant(value: Any, like: Any) -> Any:
    """A number or nested list beside a tensor takes the tensor's dtype, as TensorFlow does."""
    import numpy as np

    if is_tensor(value) or isinstance(value, (bool, int, float)):
        return value
    return np.asarray(value, dtype=like.dtype if is_tensor(like) else None)


def binary(name: str, on_numbers: Callable[[Any, Any], Any] | None = None) -> Op:
    """The Keras op of that name for two tensors, or for sizes known beforehand."""

    def op(x: Any, y: Any) -> Any:
        import keras

        if not is_tensor(x) and not is_tensor(y) and on_numbers is not None:
            return _by_size(on_numbers, x, y)
        return getattr(keras.ops, name)(constant(x, y), constant(y, x))

    return op


def _by_size(on_numbers: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """Arithmetic on sizes known beforehand; a shape is a tuple of them, and TensorFlow computes with each."""
    if not isinstance(x, (list, tuple)) and not isinstance(y, (list, tuple)):
        return on_numbers(x, y)
    count = len(x) if isinstance(x, (list, tuple)) else len(y)
    left = x if isinstance(x, (list, tuple)) else [x] * count
    right = y if isinstance(y, (list, tuple)) else [y] * count
    return tuple(on_numbers(a, b) for a, b in zip(left, right, strict=True))


def unary(name: str) -> Op:
    """The Keras op of that name for one tensor."""

    def op(x: Any) -> Any:
        import keras

        return getattr(keras.ops, name)(x)

    return op


def reduce(name: str, on_numbers: Callable[[Any], Any] | None = None) -> Op:
    """The Keras op of that name over axes, with the parameters TensorFlow has had for them."""

    def op(
        input_tensor: Any,
        axis: Any = None,
        keepdims: Any = False,
        keep_dims: Any = None,
        reduction_indices: Any = None,
    ) -> Any:
        import keras

        if not is_tensor(input_tensor) and on_numbers is not None:
            return on_numbers(input_tensor)
        axis = reduction_indices if axis is None else axis
        axis = tuple(axis) if isinstance(axis, list) else axis
        return getattr(keras.ops, name)(input_tensor, axis=axis, keepdims=bool(keepdims or keep_dims))

    return op


def _same_shape(x: Any, y: Any) -> bool:
    return is_tensor(x) and is_tensor(y) and tuple(x.shape) == tuple(y.shape) and x.dtype == y.dtype


def add(x: Any, y: Any, name: str | None = None) -> Any:
    """`tf.add` and `+`."""
    import keras

    if _same_shape(x, y):
        return keras.layers.Add(name=name)([x, y])
    return binary("add", lambda a, b: a + b)(x, y)


def multiply(x: Any, y: Any, name: str | None = None) -> Any:
    """`tf.multiply` and `*`."""
    import keras

    if _same_shape(x, y):
        return keras.layers.Multiply(name=name)([x, y])
    return binary("multiply", lambda a, b: a * b)(x, y)


def add_n(inputs: Any, name: str | None = None) -> Any:
    """`tf.math.add_n`."""
    import keras

    return keras.layers.Add(name=name)(list(inputs)) if len(inputs) > 1 else inputs[0]


def relu(features: Any, name: str | None = None) -> Any:
    """`tf.nn.relu`."""
    import keras

    return keras.layers.ReLU(name=name)(features)


def relu_keras(x: Any, alpha: float = 0.0, max_value: Any = None, threshold: float = 0.0, name: Any = None) -> Any:
    """`keras.backend.relu`."""
    import keras

    return keras.layers.ReLU(max_value=max_value, negative_slope=alpha, threshold=threshold, name=name)(x)


def relu6(features: Any, name: str | None = None) -> Any:
    """`tf.nn.relu6`."""
    import keras

    return keras.layers.ReLU(max_value=6.0, name=name)(features)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """`tf.nn.leaky_relu`."""
    import keras

    return keras.layers.LeakyReLU(negative_slope=alpha, name=name)(features)


def softmax(logits: Any, axis: Any = None, dim: Any = None, name: str | None = None) -> Any:
    """`tf.nn.softmax`."""
    import keras

    axis = axis if axis is not None else dim
    return keras.layers.Softmax(axis=-1 if axis is None else axis, name=name)(logits)


def softmax_keras(x: Any, axis: Any = -1, name: str | None = None) -> Any:
    """`keras.activations.softmax`."""
    return softmax(x, axis, name=name)


def activation(keras_name: str) -> Op:
    """An Activation layer."""

    def op(x: Any, name: str | None = None) -> Any:
        import keras

        return keras.layers.Activation(keras_name, name=name)(x)

    return op


def silu(features: Any, beta: float = 1.0, name: str | None = None) -> Any:
    """`tf.nn.silu`."""
    import keras

    if beta != 1.0:
        return multiply(features, keras.ops.sigmoid(multiply(features, beta)))
    return keras.layers.Activation("silu", name=name)(features)


def gelu(features: Any, approximate: bool = False) -> Any:
    """`tf.nn.gelu`."""
    import keras

    return keras.ops.gelu(features, approximate=approximate)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """`tf.clip_by_value`; between 0 and a number it is a ReLU with a ceiling."""
    import keras

    if clip_value_min == 0 and isinstance(clip_value_max, (int, float)) and t.dtype == "float32":
        return keras.layers.ReLU(max_value=float(clip_value_max), name=name)(t)
    return keras.ops.clip(t, clip_value_min, clip_value_max)


def squared_difference(x: Any, y: Any) -> Any:
    """`tf.math.squared_difference`."""
    import keras

    return keras.ops.square(binary("subtract")(x, y))


def only_nhwc(data_format: str | None) -> None:
    """Refuses the layout of other devices."""

    if data_format not in (None, "NHWC"):
        raise ValueError(f"the data format {data_format}")


def bias_add(value: Any, bias: Any, data_format: str | None = None) -> Any:
    """`tf.nn.bias_add`."""
    only_nhwc(data_format)
    return add(value, bias)


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    """`tf.cumsum`."""
    import keras

    if exclusive or reverse:
        raise ValueError("tf.cumsum with exclusive or reverse")
    return keras.ops.cumsum(x, axis=axis)


def identity(input: Any, **_: Any) -> Any:
    """`tf.identity`, `tf.stop_gradient` and others that change nothing at inference."""
    return input


def mean_keras(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`keras.backend.mean`."""
    return reduce("mean")(x, axis, keepdims)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, dim: Any = None) -> Any:
    """`tf.math.l2_normalize`."""
    import keras

    axis = axis if axis is not None else dim
    axis = tuple(axis) if isinstance(axis, list) else axis
    total = keras.ops.sum(keras.ops.square(x), axis=axis, keepdims=True)
    return keras.ops.multiply(x, keras.ops.rsqrt(keras.ops.maximum(total, epsilon)))


def log_softmax(logits: Any, axis: Any = None) -> Any:
    """`tf.nn.log_softmax`."""
    import keras

    return keras.ops.log_softmax(logits, axis=-1 if axis is None else axis)
