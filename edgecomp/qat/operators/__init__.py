"""What the operators of a float .tflite compute, in TensorFlow and on batches; a function for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from . import convolution, elementwise, moving, reduction
from .call import Call, Value
from .elementwise import binary, unary
from .reduction import reduced

__all__ = ["FUNCTIONS", "Call", "Value", "apply"]

FUNCTIONS: Mapping[str, Callable[[Call], Any]] = {
    "ABS": unary(tf.abs),
    "ADD": binary(tf.add),
    "AVERAGE_POOL_2D": reduction.average_pool_2d,
    "BATCH_MATMUL": convolution.batch_matmul,
    "BROADCAST_TO": moving.broadcast_to,
    "CONCATENATION": moving.concatenation,
    "CONV_2D": convolution.conv_2d,
    "COS": unary(tf.cos),
    "DEPTHWISE_CONV_2D": convolution.depthwise_conv_2d,
    "DEPTH_TO_SPACE": moving.depth_to_space,
    "DIV": binary(tf.divide),
    "ELU": unary(tf.nn.elu),
    "EXP": unary(tf.exp),
    "EXPAND_DIMS": moving.reshape,
    "FULLY_CONNECTED": convolution.fully_connected,
    "GATHER": moving.gather,
    "GELU": elementwise.gelu,
    "HARD_SWISH": unary(elementwise.hard_swish),
    "L2_NORMALIZATION": elementwise.l2_normalization,
    "LEAKY_RELU": elementwise.leaky_relu,
    "LOG": unary(tf.math.log),
    "LOGISTIC": unary(tf.sigmoid),
    "LOG_SOFTMAX": unary(tf.nn.log_softmax),
    "MAXIMUM": binary(tf.maximum),
    "MAX_POOL_2D": reduction.max_pool_2d,
    "MEAN": reduced(tf.reduce_mean),
    "MINIMUM": binary(tf.minimum),
    "MIRROR_PAD": moving.mirror_pad,
    "MUL": binary(tf.multiply),
    "NEG": unary(tf.negative),
    "PACK": moving.pack,
    "PAD": moving.pad,
    "PADV2": moving.pad,
    "POW": binary(tf.pow),
    "PRELU": elementwise.prelu,
    "REDUCE_MAX": reduced(tf.reduce_max),
    "REDUCE_MIN": reduced(tf.reduce_min),
    "RELU": unary(tf.nn.relu),
    "RELU6": unary(tf.nn.relu6),
    "RELU_0_TO_1": unary(elementwise.relu_0_to_1),
    "RELU_N1_TO_1": unary(elementwise.relu_n1_to_1),
    "RESHAPE": moving.reshape,
    "RESIZE_BILINEAR": moving.resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": moving.resize_nearest_neighbor,
    "RSQRT": unary(tf.math.rsqrt),
    "SIN": unary(tf.sin),
    "SLICE": moving.slice_,
    "SOFTMAX": elementwise.softmax,
    "SPACE_TO_DEPTH": moving.space_to_depth,
    "SPLIT": moving.split,
    "SPLIT_V": moving.split_v,
    "SQRT": unary(tf.sqrt),
    "SQUARE": unary(tf.square),
    "SQUARED_DIFFERENCE": binary(tf.math.squared_difference),
    "SQUEEZE": moving.reshape,
    "STRIDED_SLICE": moving.strided_slice,
    "SUB": binary(tf.subtract),
    "SUM": reduced(tf.reduce_sum),
    "TANH": unary(tf.tanh),
    "TILE": moving.tile,
    "TRANSPOSE": moving.transpose,
    "TRANSPOSE_CONV": convolution.transpose_conv,
    "UNPACK": moving.unpack,
}
"""By the schema's name of the operator."""


def apply(call: Call) -> list[Any]:
    """The outputs of an operator, each [batch, *shape].

    Raises:
        InputError: the operator, or this use of it, is not known here.
    """
    if call.operator.custom or call.operator.name not in FUNCTIONS:
        raise call.refusal("is an operator")
    result = FUNCTIONS[call.operator.name](call)
    return result if isinstance(result, list) else [result]
