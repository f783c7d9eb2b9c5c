"""TensorFlow ops inside Keras 2 networks, as Keras 3 layers and ops.

A Keras 2 functional model that uses `x + 3.0` or `tf.nn.relu6(x)` stores an op layer: `TFOpLambda` or
`SlicingOpLambda` with the function's TensorFlow name (TensorFlow 2.4 and later), or `TensorFlowOpLayer` with a graph
node (2.0 to 2.3). Each function here has the parameters of the TensorFlow function it stands for, so that the stored
arguments fit; most used ones become layers, which later passes know, the others Keras ops.

`tf.shape` gives a tuple of the sizes known beforehand, with None for the batch; the usual
`tf.reshape(x, [tf.shape(x)[0], -1])` then needs no op of its own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from ..errors import InputError
from .layer_configs import Config, plain

Op = Callable[..., Any]
_FLOATS = ("float16", "bfloat16", "float32", "float64")


def composite_for(class_name: str, config: Config, *, by_keras3: bool = False) -> Op | None:
    """The function that replaces an op layer, or None for an ordinary layer.

    Args:
        class_name: the layer's class in the file.
        config: the layer's configuration in the file.
        by_keras3: whether Keras 3 wrote the file, which stores its own ops by their class.

    Returns:
        a function of the name for the layer it may make, the call's arguments and its keyword arguments.

    Raises:
        InputError: the op has no counterpart here.
    """
    if by_keras3:
        return _keras_op(class_name, config)
    if class_name in ("TFOpLambda", "SlicingOpLambda"):
        symbol = str(config.get("function"))
        op = _BY_SYMBOL.get(_bare(symbol))
        if op is None:
            raise _unknown(f"tf.{symbol}", config.get("name"))
        return lambda name, args, kwargs: op(*args, **_known(name, op, kwargs))
    if class_name == "TensorFlowOpLayer":
        return _graph_node(config)
    if class_name.rsplit(">", 1)[-1] == "CustomScaleLayer":  # keras.applications' InceptionResNetV2
        return lambda name, args, kwargs: add(args[0][0], multiply(args[0][1], config["scale"]))
    if class_name in ("ClassMethod", "InstanceMethod", "InstanceProperty"):
        raise _unknown(str(config.get("cls_symbol") or config.get("attr_name")), config.get("name"))
    return None


def _keras_op(class_name: str, config: Config) -> Op | None:
    """A Keras op in a Keras 3 .h5 file: unlike a layer, it has no dtype; its options are those of `keras.ops`."""
    import keras

    if not isinstance(config, dict) or "dtype" in config or "layers" in config:
        return None
    op = getattr(keras.ops, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", class_name).lower(), None)
    if op is None:
        raise _unknown(f"{class_name} of Keras", config.get("name"))
    options = {key: plain(value) for key, value in config.items() if key != "name"}
    return lambda name, args, kwargs: op(*args, **options, **kwargs)


def _unknown(op: str, name: Any) -> InputError:
    return InputError(
        f"the layer {name} is the op {op}, which cannot be rebuilt in Keras 3: "
        "save the model as a SavedModel folder (model.export or model.save without an extension) and give that"
    )


def _bare(symbol: str) -> str:
    for prefix in ("compat.v1.", "compat.v2.", "keras.backend.", "keras.activations."):
        symbol = symbol.removeprefix(prefix)
    return symbol


def _known(name: str, op: Op, kwargs: Config) -> Config:
    """The call's keyword arguments, with the name for the layer in place of the op's own."""
    kept = {key: value for key, value in kwargs.items() if key != "name"}
    return {**kept, "name": name} if op in _TAKES_NAME else kept


def is_tensor(value: Any) -> bool:
    """Whether a value is a symbolic tensor of the network being rebuilt."""
    return hasattr(value, "_keras_history")


def _constant(value: Any, like: Any) -> Any:
    """A number or nested list beside a tensor takes the tensor's dtype, as TensorFlow does."""
    import numpy as np

    if is_tensor(value) or isinstance(value, (bool, int, float)):
        return value
    return np.asarray(value, dtype=like.dtype if is_tensor(like) else None)


def _binary(name: str, on_numbers: Callable[[Any, Any], Any] | None = None) -> Op:
    def op(x: Any, y: Any) -> Any:
        import keras

        if not is_tensor(x) and not is_tensor(y) and on_numbers is not None:
            return on_numbers(x, y)
        return getattr(keras.ops, name)(_constant(x, y), _constant(y, x))

    return op


def _unary(name: str) -> Op:
    def op(x: Any) -> Any:
        import keras

        return getattr(keras.ops, name)(x)

    return op


def _reduce(name: str, on_numbers: Callable[[Any], Any] | None = None) -> Op:
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
    return _binary("add", lambda a, b: a + b)(x, y)


def multiply(x: Any, y: Any, name: str | None = None) -> Any:
    """`tf.multiply` and `*`."""
    import keras

    if _same_shape(x, y):
        return keras.layers.Multiply(name=name)([x, y])
    return _binary("multiply", lambda a, b: a * b)(x, y)


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


def _activation(keras_name: str) -> Op:
    def op(x: Any, name: str | None = None) -> Any:
        import keras

        return keras.layers.Activation(keras_name, name=name)(x)

    _TAKES_NAME.append(op)
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
    return keras.ops.concatenate([_constant(value, like) for value in values], axis=axis)


def concat_keras(tensors: Any, axis: Any = -1, name: str | None = None) -> Any:
    """`keras.backend.concatenate`."""
    return concat(tensors, axis, name)


def _size(value: Any) -> int:
    """One size of a shape: the batch, not known beforehand, is what is left over."""
    if is_tensor(value):
        raise ValueError("a shape computed from the input's values")
    return -1 if value is None else int(value)


def _sizes(shape: Any) -> tuple[int, ...]:
    if is_tensor(shape):
        raise ValueError("a shape computed from the input's values")
    sizes = (shape,) if isinstance(shape, int) else shape
    return tuple(_size(one) for one in sizes)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """`tf.reshape`; with the batch left alone it is a Reshape layer."""
    import keras

    sizes = _sizes(shape)
    inner, known = sizes[1:], tensor.shape[1:]
    keeps_batch = sizes[:1] == (-1,) and None not in known and -1 not in inner and math.prod(inner) == math.prod(known)
    whole = inner.count(-1) == 1 and (
        sizes[0] == -1 or (shape[0] is None if isinstance(shape, (list, tuple)) else False)
    )
    if keeps_batch or whole:
        return keras.layers.Reshape(inner, name=name)(tensor)
    return keras.ops.reshape(tensor, sizes)


def reshape_keras(x: Any, shape: Any, name: str | None = None) -> Any:
    """`keras.backend.reshape`."""
    return reshape(x, shape, name)


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


def get_item(tensor: Any, slice_spec: Any, var: Any = None) -> Any:
    """`x[...]`: slices are stored as dicts of start, stop and step."""
    spec = slice_spec if isinstance(slice_spec, (list, tuple)) else [slice_spec]
    key = tuple(slice(one["start"], one["stop"], one["step"]) if isinstance(one, dict) else one for one in spec)
    if not is_tensor(tensor):
        return tuple(tensor)[key[0]]
    return tensor[key if len(key) > 1 else key[0]]


def shape_of(input: Any, out_type: Any = None) -> tuple[int | None, ...]:
    """`tf.shape`: the sizes known beforehand."""
    return tuple(input.shape)


def shape_keras(x: Any) -> tuple[int | None, ...]:
    """`keras.backend.shape`."""
    return tuple(x.shape)


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, output_type: Any = None, **flags: Any
) -> Any:
    """`tf.matmul`."""
    import keras

    if any(flags.values()):
        raise ValueError("options of tf.matmul other than transpose_a and transpose_b")
    left = keras.ops.swapaxes(a, -1, -2) if transpose_a else a
    right = keras.ops.swapaxes(b, -1, -2) if transpose_b else b
    return keras.ops.matmul(_constant(left, right), _constant(right, left))


def tensordot(a: Any, b: Any, axes: Any) -> Any:
    """`tf.tensordot`."""
    import keras

    return keras.ops.tensordot(_constant(a, b), _constant(b, a), axes=axes)


def tile(input: Any, multiples: Any) -> Any:
    """`tf.tile`."""
    import keras

    return keras.ops.tile(input, _sizes(multiples))


def gather(params: Any, indices: Any, axis: Any = 0, batch_dims: int = 0, validate_indices: Any = None) -> Any:
    """`tf.gather` without batch dimensions."""
    import keras

    if batch_dims:
        raise ValueError("tf.gather with batch_dims")
    return keras.ops.take(_constant(params, None), indices, axis=0 if axis is None else axis)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """`tf.where` with both values."""
    import keras

    if x is None or y is None:
        raise ValueError("tf.where without values, whose result has no fixed size")
    return keras.ops.where(condition, _constant(x, y), _constant(y, x))


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


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, dim: Any = None) -> Any:
    """`tf.math.l2_normalize`."""
    import keras

    axis = axis if axis is not None else dim
    axis = tuple(axis) if isinstance(axis, list) else axis
    total = keras.ops.sum(keras.ops.square(x), axis=axis, keepdims=True)
    return keras.ops.multiply(x, keras.ops.rsqrt(keras.ops.maximum(total, epsilon)))


def resize(
    images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False
) -> Any:
    """`tf.image.resize` of TensorFlow 2."""
    import keras

    if preserve_aspect_ratio:
        raise ValueError("tf.image.resize with preserve_aspect_ratio")
    return keras.ops.image.resize(
        images, _sizes(size), interpolation=method, antialias=antialias, data_format="channels_last"
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

    _only_nhwc(data_format)
    return keras.ops.depth_to_space(input, block_size, data_format="channels_last")


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    """`tf.nn.space_to_depth`."""
    import keras

    _only_nhwc(data_format)
    return keras.ops.space_to_depth(input, block_size, data_format="channels_last")


def _only_nhwc(data_format: str | None) -> None:
    if data_format not in (None, "NHWC"):
        raise ValueError(f"the data format {data_format}")


def _pool(layer_name: str) -> Op:
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

        _only_nhwc(data_format)
        layer = getattr(keras.layers, layer_name)
        tensor = input if input is not None else value
        return layer(_middle(ksize), _middle(strides), padding=padding.lower(), name=name)(tensor)

    _TAKES_NAME.append(op)
    return op


def _middle(sizes: Any) -> tuple[int, int]:
    """The two spatial sizes of a window given as one number, two or four."""
    if isinstance(sizes, int):
        return sizes, sizes
    return (sizes[1], sizes[2]) if len(sizes) == 4 else (sizes[0], sizes[-1])


def squared_difference(x: Any, y: Any) -> Any:
    """`tf.math.squared_difference`."""
    import keras

    return keras.ops.square(_binary("subtract")(x, y))


def bias_add(value: Any, bias: Any, data_format: str | None = None) -> Any:
    """`tf.nn.bias_add`."""
    _only_nhwc(data_format)
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


def convert(value: Any, dtype: Any = None, **_: Any) -> Any:
    """`tf.convert_to_tensor`."""
    return cast(value, dtype) if dtype else value


def mean_keras(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`keras.backend.mean`."""
    return _reduce("mean")(x, axis, keepdims)


def _with(tensor_name: str, op: Op) -> Op:
    """Gives the first parameter of a one-parameter op the name TensorFlow uses for it."""

    def named(*args: Any, **kwargs: Any) -> Any:
        return op(*args, **({"x" if key == tensor_name else key: value for key, value in kwargs.items()}))

    return named


# Ops that make one layer and name it.
_TAKES_NAME: list[Op] = [add, multiply, relu, relu_keras, relu6, leaky_relu, softmax, softmax_keras, silu]
_TAKES_NAME += [clip_by_value, concat, concat_keras, reshape, reshape_keras, transpose, pad]

_sigmoid, _tanh, _softplus = _activation("sigmoid"), _activation("tanh"), _activation("softplus")
_subtract = _binary("subtract", lambda a, b: a - b)
_divide = _binary("true_divide", lambda a, b: a / b)
_floor_divide = _binary("floor_divide", lambda a, b: a // b)
_max_pool, _avg_pool = _pool("MaxPooling2D"), _pool("AveragePooling2D")
_same_name = ("abs", "exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "square", "sign", "floor", "ceil", "round")
_same_name += ("sin", "cos", "tan", "negative", "reciprocal", "erf", "logical_not", "is_nan", "zeros_like", "ones_like")
_comparisons = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or")

_BY_SYMBOL: dict[str, Op] = {
    **{f"math.{name}": _unary({"is_nan": "isnan"}.get(name, name)) for name in _same_name},
    **{name: _unary({"is_nan": "isnan"}.get(name, name)) for name in _same_name},
    **{f"math.{name}": _binary(name) for name in (*_comparisons, "maximum", "minimum")},
    **{name: _binary(name) for name in (*_comparisons, "maximum", "minimum")},
    **{f"{prefix}reduce_{name}": _reduce(name) for prefix in ("", "math.") for name in ("mean", "max", "min", "sum")},
    **{f"{prefix}reduce_prod": _reduce("prod", math.prod) for prefix in ("", "math.")},
    **{f"{prefix}reduce_{name}": _reduce(name) for prefix in ("", "math.") for name in ("std", "all", "any")},
    "math.reduce_variance": _reduce("var"),
    "math.reduce_logsumexp": _reduce("logsumexp"),
    "__operators__.add": add,
    "add": add,
    "math.add": add,
    "math.multiply": multiply,
    "multiply": multiply,
    "math.scalar_mul": lambda scalar, x: multiply(x, scalar),
    "math.subtract": _subtract,
    "subtract": _subtract,
    "math.truediv": _divide,
    "math.divide": _divide,
    "realdiv": _divide,
    "truediv": _divide,
    "math.floordiv": _floor_divide,
    "math.floormod": _binary("mod", lambda a, b: a % b),
    "math.mod": _binary("mod", lambda a, b: a % b),
    "math.pow": _binary("power"),
    "pow": _binary("power"),
    "math.squared_difference": squared_difference,
    "math.add_n": lambda inputs: add(inputs[0], inputs[1]) if len(inputs) == 2 else sum(inputs[1:], inputs[0]),
    "__operators__.getitem": get_item,
    "nn.relu": relu,
    "relu": relu_keras,
    "nn.relu6": relu6,
    "nn.leaky_relu": leaky_relu,
    "nn.softmax": softmax,
    "softmax": softmax_keras,
    "nn.log_softmax": lambda logits, axis=-1: _log_softmax(logits, axis),
    "nn.silu": silu,
    "nn.swish": silu,
    "nn.gelu": gelu,
    "nn.elu": _with("features", _unary("elu")),
    "nn.selu": _with("features", _unary("selu")),
    "nn.sigmoid": _sigmoid,
    "math.sigmoid": _sigmoid,
    "sigmoid": _sigmoid,
    "nn.tanh": _tanh,
    "math.tanh": _tanh,
    "tanh": _tanh,
    "math.softplus": _with("features", _softplus),
    "nn.softplus": _with("features", _softplus),
    "clip_by_value": clip_by_value,
    "concat": concat,
    "concatenate": concat_keras,
    "reshape": reshape,
    "transpose": transpose,
    "expand_dims": expand_dims,
    "squeeze": squeeze,
    "cast": cast,
    "dtypes.cast": cast,
    "split": split,
    "stack": stack,
    "unstack": unstack,
    "pad": pad,
    "shape": shape_of,
    "linalg.matmul": matmul,
    "matmul": matmul,
    "tensordot": tensordot,
    "tile": tile,
    "gather": gather,
    "where": where,
    "argmax": arg_extreme("argmax"),
    "math.argmax": arg_extreme("argmax"),
    "math.argmin": arg_extreme("argmin"),
    "one_hot": one_hot,
    "math.l2_normalize": l2_normalize,
    "nn.l2_normalize": l2_normalize,
    "linalg.l2_normalize": l2_normalize,
    "image.resize": resize,
    "image.rgb_to_grayscale": rgb_to_grayscale,
    "nn.depth_to_space": depth_to_space,
    "nn.space_to_depth": space_to_depth,
    "nn.max_pool": _max_pool,
    "nn.max_pool2d": _max_pool,
    "nn.avg_pool": _avg_pool,
    "nn.avg_pool2d": _avg_pool,
    "nn.bias_add": bias_add,
    "math.cumsum": cumsum,
    "cumsum": cumsum,
    "identity": identity,
    "stop_gradient": identity,
    "ensure_shape": lambda x, shape: x,
    "convert_to_tensor": convert,
    "mean": mean_keras,
}


def _log_softmax(logits: Any, axis: Any) -> Any:
    import keras

    return keras.ops.log_softmax(logits, axis=-1 if axis is None else axis)


def _graph_node(config: Config) -> Op:
    """The function for a `TensorFlowOpLayer`: a graph node, with some of its inputs kept as constants."""
    node = config["node_def"]
    node = json.loads(node) if isinstance(node, str) and node.lstrip().startswith("{") else node
    if not isinstance(node, dict):
        raise _unknown("of an old graph node", config.get("name"))
    make = _BY_NODE.get(node["op"])
    if make is None:
        raise _unknown(node["op"], config.get("name"))
    attributes = {key: _attribute(value) for key, value in (node.get("attr") or {}).items()}
    constants = {int(key): value for key, value in (config.get("constants") or {}).items()}

    def op(name: str, args: tuple[Any, ...], kwargs: Config) -> Any:
        tensors = list(args[0]) if isinstance(args[0], (list, tuple)) else [args[0]]
        count = len(tensors) + len(constants)
        merged = [constants[i] if i in constants else tensors.pop(0) for i in range(count)]
        return make(merged, attributes)

    return op


def _attribute(value: Any) -> Any:
    """A graph node's attribute, from the JSON form of its protocol buffer."""
    ((kind, inner),) = value.items() if isinstance(value, dict) and len(value) == 1 else (("raw", value),)
    if kind in ("i", "n"):
        return int(inner)
    if kind == "list" and isinstance(inner, dict):
        return [int(one) for one in inner.get("i", [])]
    return inner


def _strided_slice(inputs: list[Any], attributes: Config) -> Any:
    """A graph's StridedSlice: bit i of each mask is about axis i of the specification."""
    tensor, begin, end, step = inputs
    key: list[Any] = []
    for i in range(len(begin)):
        bit = 1 << i
        if int(attributes.get("ellipsis_mask", 0)) & bit:
            key.append(Ellipsis)
        elif int(attributes.get("new_axis_mask", 0)) & bit:
            key.append(None)
        elif int(attributes.get("shrink_axis_mask", 0)) & bit:
            key.append(begin[i])
        else:
            start = None if int(attributes.get("begin_mask", 0)) & bit else begin[i]
            stop = None if int(attributes.get("end_mask", 0)) & bit else end[i]
            key.append(slice(start, stop, step[i]))
    return tensor[tuple(key)] if is_tensor(tensor) else tuple(tensor)[key[0]]


def _node(op: Op) -> Op:
    return lambda inputs, attributes: op(*inputs)


def _node_reduce(op: Op) -> Op:
    return lambda inputs, attributes: op(inputs[0], inputs[1], attributes.get("keep_dims", False))


_BY_NODE: dict[str, Op] = {
    **{name: _node(add) for name in ("Add", "AddV2", "BiasAdd")},
    "Sub": _node(_subtract),
    "Mul": _node(multiply),
    **{name: _node(_divide) for name in ("RealDiv", "Div")},
    "FloorDiv": _node(_floor_divide),
    "Maximum": _node(_binary("maximum")),
    "Minimum": _node(_binary("minimum")),
    "Pow": _node(_binary("power")),
    "SquaredDifference": _node(squared_difference),
    **{name: _node(_unary(name.lower())) for name in ("Abs", "Exp", "Log", "Sqrt", "Rsqrt", "Square", "Floor", "Ceil")},
    "Neg": _node(_unary("negative")),
    "Relu": _node(relu),
    "Relu6": _node(relu6),
    "LeakyRelu": lambda inputs, attributes: leaky_relu(inputs[0], float(attributes.get("alpha", 0.2))),
    "Sigmoid": _node(_sigmoid),
    "Tanh": _node(_tanh),
    "Softplus": _node(_softplus),
    "Softmax": _node(softmax),
    "Mean": _node_reduce(_reduce("mean")),
    "Sum": _node_reduce(_reduce("sum")),
    "Max": _node_reduce(_reduce("max")),
    "Min": _node_reduce(_reduce("min")),
    "Prod": _node_reduce(_reduce("prod", math.prod)),
    "ConcatV2": lambda inputs, attributes: concat(inputs[:-1], inputs[-1]),
    "Pack": lambda inputs, attributes: stack(inputs, int(attributes.get("axis", 0))),
    "Reshape": _node(reshape),
    "Transpose": _node(transpose),
    "ExpandDims": _node(expand_dims),
    "Squeeze": lambda inputs, attributes: squeeze(inputs[0], attributes.get("squeeze_dims") or None),
    "Pad": _node(pad),
    "PadV2": lambda inputs, attributes: pad(inputs[0], inputs[1], constant_values=inputs[2]),
    "Shape": _node(shape_of),
    "StridedSlice": _strided_slice,
    "Tile": _node(tile),
    **{name: _node(matmul) for name in ("MatMul", "BatchMatMulV2")},
    "Identity": _node(identity),
    "StopGradient": _node(identity),
    "GatherV2": _node(gather),
}
