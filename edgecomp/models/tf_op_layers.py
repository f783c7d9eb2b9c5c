"""Which Keras 3 layers or ops stand for an op layer of a Keras 2 network.

A Keras 2 functional model that uses `x + 3.0` or `tf.nn.relu6(x)` stores an op layer: `TFOpLambda` or
`SlicingOpLambda` with the function's TensorFlow name (TensorFlow 2.4 and later), or `TensorFlowOpLayer` with a graph
node (2.0 to 2.3).
"""

from __future__ import annotations

import inspect
import json
import math
import re
from typing import Any

from ..errors import InputError
from . import tf_arithmetic as arithmetic
from . import tf_indexing as indexing
from . import tf_shapes as shapes
from .layer_configs import Config, plain
from .tf_arithmetic import Op, is_tensor


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
        return lambda name, args, kwargs: arithmetic.add(args[0][0], arithmetic.multiply(args[0][1], config["scale"]))
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
    return {**kept, "name": name} if "name" in inspect.signature(op).parameters else kept


def _with(tensor_name: str, op: Op) -> Op:
    """Gives the first parameter of a one-parameter op the name TensorFlow uses for it."""

    def named(*args: Any, **kwargs: Any) -> Any:
        return op(*args, **({"x" if key == tensor_name else key: value for key, value in kwargs.items()}))

    return named


_sigmoid, _tanh = arithmetic.activation("sigmoid"), arithmetic.activation("tanh")
_softplus = arithmetic.activation("softplus")
_subtract = arithmetic.binary("subtract", lambda a, b: a - b)
_divide = arithmetic.binary("true_divide", lambda a, b: a / b)
_floor_divide = arithmetic.binary("floor_divide", lambda a, b: a // b)
_max_pool, _avg_pool = shapes.pool("MaxPooling2D"), shapes.pool("AveragePooling2D")
_means = ("mean", "max", "min", "sum", "std", "all", "any")
_same_name = ("abs", "exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "square", "sign", "floor", "ceil", "round")
_more_names = ("sin", "cos", "tan", "negative", "reciprocal", "erf", "logical_not", "is_nan", "zeros_like", "ones_like")
_comparisons = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or")

_BY_SYMBOL: dict[str, Op] = {
    **{f"math.{name}": arithmetic.unary({"is_nan": "isnan"}.get(name, name)) for name in _same_name + _more_names},
    **{name: arithmetic.unary({"is_nan": "isnan"}.get(name, name)) for name in _same_name + _more_names},
    **{f"math.{name}": arithmetic.binary(name) for name in (*_comparisons, "maximum", "minimum")},
    **{name: arithmetic.binary(name) for name in (*_comparisons, "maximum", "minimum")},
    **{f"{prefix}reduce_{name}": arithmetic.reduce(name) for prefix in ("", "math.") for name in _means},
    **{f"{prefix}reduce_prod": arithmetic.reduce("prod", math.prod) for prefix in ("", "math.")},
    "math.reduce_variance": arithmetic.reduce("var"),
    "math.reduce_logsumexp": arithmetic.reduce("logsumexp"),
    "__operators__.add": arithmetic.add,
    "add": arithmetic.add,
    "math.add": arithmetic.add,
    "math.multiply": arithmetic.multiply,
    "multiply": arithmetic.multiply,
    "math.scalar_mul": lambda scalar, x: arithmetic.multiply(x, scalar),
    "math.subtract": _subtract,
    "subtract": _subtract,
    "math.truediv": _divide,
    "math.divide": _divide,
    "realdiv": _divide,
    "truediv": _divide,
    "math.floordiv": _floor_divide,
    "math.floormod": arithmetic.binary("mod", lambda a, b: a % b),
    "math.mod": arithmetic.binary("mod", lambda a, b: a % b),
    "math.pow": arithmetic.binary("power"),
    "pow": arithmetic.binary("power"),
    "math.squared_difference": arithmetic.squared_difference,
    "math.add_n": arithmetic.add_n,
    "__operators__.getitem": indexing.get_item,
    "nn.relu": arithmetic.relu,
    "relu": arithmetic.relu_keras,
    "nn.relu6": arithmetic.relu6,
    "nn.leaky_relu": arithmetic.leaky_relu,
    "nn.softmax": arithmetic.softmax,
    "softmax": arithmetic.softmax_keras,
    "nn.log_softmax": arithmetic.log_softmax,
    "nn.silu": arithmetic.silu,
    "nn.swish": arithmetic.silu,
    "nn.gelu": arithmetic.gelu,
    "nn.elu": _with("features", arithmetic.unary("elu")),
    "nn.selu": _with("features", arithmetic.unary("selu")),
    "nn.sigmoid": _sigmoid,
    "math.sigmoid": _sigmoid,
    "sigmoid": _sigmoid,
    "nn.tanh": _tanh,
    "math.tanh": _tanh,
    "tanh": _tanh,
    "math.softplus": _with("features", _softplus),
    "nn.softplus": _with("features", _softplus),
    "clip_by_value": arithmetic.clip_by_value,
    "concat": shapes.concat,
    "concatenate": shapes.concat_keras,
    "reshape": shapes.reshape,
    "transpose": shapes.transpose,
    "expand_dims": shapes.expand_dims,
    "squeeze": shapes.squeeze,
    "cast": shapes.cast,
    "dtypes.cast": shapes.cast,
    "split": shapes.split,
    "stack": shapes.stack,
    "unstack": shapes.unstack,
    "pad": shapes.pad,
    "shape": shapes.shape_of,
    "linalg.matmul": shapes.matmul,
    "matmul": shapes.matmul,
    "tensordot": shapes.tensordot,
    "tile": shapes.tile,
    "gather": indexing.gather,
    "where": shapes.where,
    "argmax": indexing.arg_extreme("argmax"),
    "math.argmax": indexing.arg_extreme("argmax"),
    "math.argmin": indexing.arg_extreme("argmin"),
    "one_hot": indexing.one_hot,
    "math.l2_normalize": arithmetic.l2_normalize,
    "nn.l2_normalize": arithmetic.l2_normalize,
    "linalg.l2_normalize": arithmetic.l2_normalize,
    "image.resize": shapes.resize,
    "image.rgb_to_grayscale": shapes.rgb_to_grayscale,
    "nn.depth_to_space": shapes.depth_to_space,
    "nn.space_to_depth": shapes.space_to_depth,
    "nn.max_pool": _max_pool,
    "nn.max_pool2d": _max_pool,
    "nn.avg_pool": _avg_pool,
    "nn.avg_pool2d": _avg_pool,
    "nn.bias_add": arithmetic.bias_add,
    "math.cumsum": arithmetic.cumsum,
    "cumsum": arithmetic.cumsum,
    "slice": indexing.slice_of,
    "reverse": indexing.reverse,
    "roll": indexing.roll,
    "repeat": indexing.repeat,
    "broadcast_to": indexing.broadcast_to,
    "sort": indexing.sort,
    "math.top_k": indexing.top_k,
    "nn.top_k": indexing.top_k,
    "image.flip_left_right": indexing.flip(2),
    "image.flip_up_down": indexing.flip(1),
    "image.crop_to_bounding_box": indexing.crop_to_bounding_box,
    "linalg.matrix_transpose": indexing.matrix_transpose,
    "math.divide_no_nan": arithmetic.binary("divide_no_nan"),
    "floor_div": _floor_divide,
    "identity": arithmetic.identity,
    "stop_gradient": arithmetic.identity,
    "ensure_shape": lambda x, shape: x,
    "convert_to_tensor": shapes.convert,
    "mean": arithmetic.mean_keras,
}


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


_unary_nodes = ("Abs", "Exp", "Log", "Sqrt", "Rsqrt", "Square", "Floor", "Ceil")
_BY_NODE: dict[str, Op] = {
    **{name: _node(arithmetic.add) for name in ("Add", "AddV2", "BiasAdd")},
    "Sub": _node(_subtract),
    "Mul": _node(arithmetic.multiply),
    **{name: _node(_divide) for name in ("RealDiv", "Div")},
    "FloorDiv": _node(_floor_divide),
    "Maximum": _node(arithmetic.binary("maximum")),
    "Minimum": _node(arithmetic.binary("minimum")),
    "Pow": _node(arithmetic.binary("power")),
    "SquaredDifference": _node(arithmetic.squared_difference),
    **{name: _node(arithmetic.unary(name.lower())) for name in _unary_nodes},
    "Neg": _node(arithmetic.unary("negative")),
    "Relu": _node(arithmetic.relu),
    "Relu6": _node(arithmetic.relu6),
    "LeakyRelu": lambda inputs, attributes: arithmetic.leaky_relu(inputs[0], float(attributes.get("alpha", 0.2))),
    "Sigmoid": _node(_sigmoid),
    "Tanh": _node(_tanh),
    "Softplus": _node(_softplus),
    "Softmax": _node(arithmetic.softmax),
    "Mean": _node_reduce(arithmetic.reduce("mean")),
    "Sum": _node_reduce(arithmetic.reduce("sum")),
    "Max": _node_reduce(arithmetic.reduce("max")),
    "Min": _node_reduce(arithmetic.reduce("min")),
    "Prod": _node_reduce(arithmetic.reduce("prod", math.prod)),
    "ConcatV2": lambda inputs, attributes: shapes.concat(inputs[:-1], inputs[-1]),
    "Pack": lambda inputs, attributes: shapes.stack(inputs, int(attributes.get("axis", 0))),
    "Reshape": _node(shapes.reshape),
    "Transpose": _node(shapes.transpose),
    "ExpandDims": _node(shapes.expand_dims),
    "Squeeze": lambda inputs, attributes: shapes.squeeze(inputs[0], attributes.get("squeeze_dims") or None),
    "Pad": _node(shapes.pad),
    "PadV2": lambda inputs, attributes: shapes.pad(inputs[0], inputs[1], constant_values=inputs[2]),
    "Shape": _node(shapes.shape_of),
    "StridedSlice": _strided_slice,
    "Tile": _node(shapes.tile),
    **{name: _node(shapes.matmul) for name in ("MatMul", "BatchMatMulV2")},
    "Identity": _node(arithmetic.identity),
    "StopGradient": _node(arithmetic.identity),
    "GatherV2": _node(indexing.gather),
}
