"""Each operator on a batch computes what the interpreter computes sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from edgecomp.errors import InputError
from edgecomp.qat.network import FakeQuantNetwork
from edgecomp.quantize.mend.operator_run import reduced_values

Build = Callable[[Any], Any]

# Operator of the file, and what makes it of [1, 6, 8, 4].
CASES: dict[str, tuple[str, Build]] = {
    "grouped": ("CONV_2D", lambda x: layers.Conv2D(6, 3, groups=2, padding="same")(x)),
    "dilated": ("CONV_2D", lambda x: layers.Conv2D(6, 3, dilation_rate=2)(x)),
    "strided": ("CONV_2D", lambda x: layers.Conv2D(6, (3, 2), strides=(2, 3), padding="same")(x)),
    "multiplier": ("DEPTHWISE_CONV_2D", lambda x: layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2)(x)),
    "transposed": ("TRANSPOSE_CONV", lambda x: layers.Conv2DTranspose(5, 3, strides=2, padding="same")(x)),
    "dense on rows": ("FULLY_CONNECTED", lambda x: layers.Dense(5, activation="relu")(x)),
    "one-dimensional": ("CONV_2D", lambda x: layers.Conv1D(5, 3)(layers.Reshape((48, 4))(x))),
    "matmul": ("BATCH_MATMUL", lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2)))),
    "average pool": ("AVERAGE_POOL_2D", lambda x: layers.AveragePooling2D(3, 2, padding="same")(x)),
    "max pool": ("MAX_POOL_2D", lambda x: layers.MaxPooling2D((2, 3), 2)(x)),
    "mean": ("MEAN", lambda x: ops.mean(x, axis=(1, 3), keepdims=True)),
    "sum": ("SUM", lambda x: ops.sum(x, axis=-1)),
    "largest": ("REDUCE_MAX", lambda x: ops.max(x, axis=2)),
    "add row": ("ADD", lambda x: x + np.arange(4, dtype=np.float32)),
    "add column": ("ADD", lambda x: x + np.arange(6, dtype=np.float32).reshape(6, 1, 1)),
    "subtract": ("SUB", lambda x: ops.mean(x, axis=(1, 2)) - x[:, 0, 0]),
    "divide": ("DIV", lambda x: x / (ops.abs(x[:, :, :, ::-1]) + 1.0)),
    "maximum": ("MAXIMUM", lambda x: ops.maximum(x, x[:, ::-1])),
    "minimum": ("MINIMUM", lambda x: ops.minimum(x, x[:, ::-1])),
    "difference": ("SQUARED_DIFFERENCE", lambda x: ops.square(x - ops.mean(x, axis=-1, keepdims=True))),
    "absolute": ("ABS", lambda x: ops.abs(x)),
    "exponential": ("EXP", lambda x: ops.exp(x)),
    "root": ("SQRT", lambda x: ops.sqrt(ops.abs(x))),
    "inverse root": ("RSQRT", lambda x: ops.rsqrt(ops.abs(x) + 0.1)),
    "power": ("POW", lambda x: ops.power(ops.abs(x), 1.5)),
    "softmax": ("SOFTMAX", lambda x: layers.Softmax()(x)),
    "log softmax": ("LOG_SOFTMAX", lambda x: ops.log_softmax(x)),
    "sigmoid": ("LOGISTIC", lambda x: ops.sigmoid(x)),
    "tanh": ("TANH", lambda x: ops.tanh(x)),
    "relu": ("RELU", lambda x: ops.relu(x)),
    "relu6": ("RELU6", lambda x: ops.relu6(x)),
    "leaky": ("LEAKY_RELU", lambda x: layers.LeakyReLU(negative_slope=0.2)(x)),
    "prelu": ("PRELU", lambda x: layers.PReLU("uniform", shared_axes=[1, 2])(layers.Conv2D(4, 1)(x))),
    "elu": ("ELU", lambda x: ops.elu(x)),
    "gelu": ("GELU", lambda x: ops.gelu(x, approximate=True)),
    "hard swish": ("HARD_SWISH", lambda x: ops.hard_swish(x)),
    "reshape": ("RESHAPE", lambda x: layers.Reshape((8, 24))(x)),
    "transpose": ("TRANSPOSE", lambda x: layers.Permute((3, 1, 2))(x)),
    "pad": ("PAD", lambda x: layers.ZeroPadding2D(((1, 2), (0, 3)))(x)),
    "pad with": ("PADV2", lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)), constant_values=2.0)),
    "mirror": ("MIRROR_PAD", lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)), mode="reflect")),
    "slice": ("STRIDED_SLICE", lambda x: x[:, 1:5:2, -3:]),
    "shrink": ("STRIDED_SLICE", lambda x: x[:, 3]),
    "split": ("SPLIT", lambda x: layers.Concatenate()(ops.split(x, 2, axis=2))),
    "split unevenly": ("SPLIT_V", lambda x: layers.Concatenate(axis=1)(ops.split(x, [1, 4], axis=1)[::-1])),
    "pack": ("PACK", lambda x: ops.stack([x, ops.relu(x)], axis=2)),
    "unpack": ("UNPACK", lambda x: layers.Add()(ops.unstack(x, axis=1))),
    "gather": ("GATHER", lambda x: ops.take(x, np.array([2, 0, 2], np.int32), axis=3)),
    "bilinear": ("RESIZE_BILINEAR", lambda x: layers.UpSampling2D(2, interpolation="bilinear")(x)),
    "nearest": ("BROADCAST_TO", lambda x: layers.UpSampling2D((2, 3))(x)),
    "normalized": ("MUL", lambda x: layers.LayerNormalization()(x)),
    "attention": ("BATCH_MATMUL", lambda x: layers.MultiHeadAttention(2, 3)(*[layers.Reshape((12, 16))(x)] * 2)),
}


@pytest.fixture(scope="module")
def together(prepare: Any) -> Any:
    """All cases as outputs of one network: its plan, and each output from the interpreter and from the network."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 8, 4), name="photo")
    prepared = prepare(keras.Model(inputs, [build(inputs) for _, build in CASES.values()]), count=5)
    reductions = [(one.index, np.copy) for one in prepared.plan.network.outputs]
    stored = reduced_values(prepared.float_file, reductions, prepared.samples, threads=1)
    photos = np.concatenate([one["photo"] for one in prepared.samples])
    found = FakeQuantNetwork(prepared.plan).compute(photos, rounded=False)
    return prepared.plan, dict(zip(CASES, zip(map(np.concatenate, stored), found, strict=True), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_batch_gives_what_samples_give(name: str, together: Any) -> None:
    plan, results = together
    assert CASES[name][0] in {one.name for one in plan.network.main.operators}
    expected, found = results[name]
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_every_operator_of_the_file_gets_a_gradient(prepare: Any) -> None:
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 8, 4), name="photo")
    value = layers.Conv2D(6, 3, groups=2, padding="same", activation="relu")(inputs)
    value = layers.DepthwiseConv2D(3, strides=2, padding="same")(value)
    value = layers.Conv2DTranspose(5, 3, strides=2, padding="same")(value)
    prepared = prepare(keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(value))))
    network = FakeQuantNetwork(prepared.plan)
    photos = np.concatenate([one["photo"] for one in prepared.samples])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(network(photos) - 1.0))
    gradients = tape.gradient(loss, network.trainable_variables)
    assert all(one is not None and np.isfinite(one).all() for one in gradients)
    moving = [np.any(one) for one, variable in zip(gradients, network.trainable_variables, strict=True)]
    assert np.mean(moving) > 0.9


def test_an_unknown_operator_is_named_with_its_layer(prepare: Any) -> None:
    inputs = keras.Input((6,), name="row")
    value = ops.floor(layers.Dense(4)(inputs))
    prepared = prepare(keras.Model(inputs, layers.Dense(2)(value)))
    with pytest.raises(InputError, match=r"FLOOR in .* leave --qat out"):
        FakeQuantNetwork(prepared.plan)(np.zeros((2, 6), np.float32))
