"""TensorFlow ops used inside Keras 2 networks, one output each of a single network."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras as k2

from edgecomp.errors import InputError
from edgecomp.models import open_model

K = k2.backend
ONES = np.ones((4, 2), "float32")

OPS = {
    "negative": lambda x: -x,
    "number minus tensor": lambda x: 1 - x,
    "number over tensor": lambda x: 1 / (x + 3),
    "power": lambda x: x**2,
    "abs": abs,
    "floor division": lambda x: x // 0.5,
    "modulo": lambda x: x % 0.5,
    "compare and cast": lambda x: tf.cast(x > 0, tf.float32),
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "tensordot": lambda x: tf.tensordot(x, ONES, 1),
    "list of constants": lambda x: x - [0.1, 0.2, 0.3, 0.4],
    "tile": lambda x: tf.tile(x, [1, 2, 1, 1]),
    "gather": lambda x: tf.gather(x, [0, 2], axis=-1),
    "one hot of argmax": lambda x: tf.one_hot(tf.argmax(x, -1), 4),
    "stack": lambda x: tf.stack([x, x], -1),
    "unstack": lambda x: tf.unstack(x, axis=-1)[1],
    "depth to space": lambda x: tf.nn.depth_to_space(x, 2),
    "space to depth": lambda x: tf.nn.space_to_depth(x, 2),
    "max pool": lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME"),
    "average pool": lambda x: tf.nn.avg_pool2d(x, 3, 2, "VALID"),
    "leaky relu": lambda x: tf.nn.leaky_relu(x, 0.1),
    "reflecting pad": lambda x: tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"),
    "cumulative sum": lambda x: tf.cumsum(x, 1),
    "sum of several": lambda x: tf.add_n([x, x, x]),
    "variance": lambda x: tf.math.reduce_variance(x, [1, 2]),
    "standard deviation": lambda x: tf.math.reduce_std(x, 1),
    "log of sum of exponentials": lambda x: tf.reduce_logsumexp(x, 1),
    "log softmax": tf.nn.log_softmax,
    "bilinear resize": lambda x: tf.image.resize(x, (5, 7)),
    "nearest resize": lambda x: tf.image.resize(x, [16, 16], method="nearest"),
    "resize by own shape": lambda x: tf.image.resize(x, tf.shape(x)[1:3] * 2),
    "grey": lambda x: tf.image.rgb_to_grayscale(x[..., :3]),
    "mish": lambda x: x * tf.math.tanh(tf.math.softplus(x)),
    "roll": lambda x: tf.roll(x, 1, 1),
    "reverse": lambda x: tf.reverse(x, [1]),
    "flip": tf.image.flip_left_right,
    "top k": lambda x: tf.math.top_k(x, 2)[0],
    "descending sort": lambda x: tf.sort(x, direction="DESCENDING"),
    "where": lambda x: tf.where(x > 0, x, 0.0),
    "broadcast": lambda x: tf.broadcast_to(x[:, :1], tf.shape(x)),
    "repeat": lambda x: tf.repeat(x, 2, axis=1),
    "crop": lambda x: tf.image.crop_to_bounding_box(x, 1, 2, 4, 3),
    "slice": lambda x: tf.slice(x, [0, 1, 1, 0], [-1, 2, -1, 4]),
    "reshape by stacked shape": lambda x: tf.reshape(x, tf.stack([tf.shape(x)[0], tf.shape(x)[1] * tf.shape(x)[2], 4])),
    "reshape by joined shape": lambda x: tf.reshape(x, tf.concat([tf.shape(x)[:2], [32]], 0)),
    "swap of the last axes": tf.linalg.matrix_transpose,
    "caffe preprocessing": lambda x: k2.applications.resnet50.preprocess_input(x[..., :3]),
    "torch preprocessing": lambda x: k2.applications.densenet.preprocess_input(x[..., :3]),
    "backend sum": lambda x: K.sum(x, axis=1),
    "backend clip": lambda x: K.clip(x, 0.0, 1.0),
    "backend permute": lambda x: K.permute_dimensions(x, (0, 2, 1, 3)),
    "backend resize": lambda x: K.resize_images(x, 2, 2, "channels_last"),
    "backend batch dot": lambda x: K.batch_dot(K.reshape(x, (-1, 16, 16)), K.reshape(x, (-1, 16, 16))),
    "backend hard sigmoid": K.hard_sigmoid,
    "backend normalize": lambda x: K.l2_normalize(x, axis=-1),
    "keras relu": lambda x: k2.activations.relu(x, alpha=0.1, max_value=1.0),
    "keras gelu": k2.activations.gelu,
    "keras softmax": k2.activations.softmax,
}


REARRANGING = {"depth to space", "space to depth"}


def test_an_op_that_this_keras_lacks_is_refused_by_name(tmp_path, clean_keras, monkeypatch):
    monkeypatch.delattr(keras.ops, "depth_to_space", raising=False)
    i = k2.Input((8, 8, 4))
    k2.Model(i, tf.nn.depth_to_space(i, 2)).save(tmp_path / "m.h5")
    with pytest.raises(InputError, match=r"tf\.nn\.depth_to_space has no counterpart"):
        open_model(tmp_path / "m.h5")


def test_every_op_computes_what_it_did(tmp_path, tools, clean_keras):
    i = k2.Input((8, 8, 4))
    # The Keras that Python 3.10 gets does not have these two yet; that they are refused by name is tested below.
    ops = {name: op for name, op in OPS.items() if name not in REARRANGING or hasattr(keras.ops, "depth_to_space")}
    original = k2.Model(i, [op(i) for op in ops.values()])
    original.save(tmp_path / "m.h5")
    opened = open_model(tmp_path / "m.h5")
    values = tools.random_inputs(opened.inputs)
    before, after = tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values)
    assert len(after) == len(ops)
    for name, ours, theirs in zip(ops, after, before, strict=True):
        scale = np.abs(theirs.astype("float64")).max()
        assert ours.shape == theirs.shape, name
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * scale, err_msg=name)
