"""Networks with operations of TensorFlow between their layers."""

import tensorflow as tf
import tf_keras as k2

L = k2.layers


def hard_swish_ops():
    i = k2.Input((8, 8, 3))
    x = L.Conv2D(4, 3)(i)
    x = x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0)
    x = x - [0.1, 0.2, 0.3, 0.4]
    return k2.Model(i, 1.0 / (2.0 + tf.square(x)))


def tensor_ops():
    i = k2.Input((8, 6, 4))
    x = tf.pad(i, [[0, 0], [1, 1], [2, 2], [0, 0]])
    x = tf.transpose(x, [0, 3, 1, 2])
    x = tf.reshape(x, [-1, 4, 100])
    a, b = tf.split(x, 2, axis=1)
    y = tf.concat([a, b, a], axis=-1)
    y = y[:, 0, 3:40:2]
    z = tf.reduce_mean(i, axis=[1, 2], keepdims=True)
    z = tf.squeeze(z, [1, 2])
    w = tf.expand_dims(tf.reduce_max(i, -1), -1)
    w = tf.image.resize(w, (4, 4))
    return k2.Model(i, [y, z, w, tf.stack([z, z * 2], axis=1), tf.cast(tf.argmax(z, -1), tf.float32)])


def dynamic_reshape():
    i = k2.Input((4, 4, 6))
    s = tf.shape(i)
    x = tf.reshape(i, [s[0], s[1] * s[2], 6])
    y = tf.reshape(x, [-1, 96])
    return k2.Model(i, [L.Dense(3)(x), L.Dense(2)(y)])


def math_ops():
    i = k2.Input((6,))
    x = tf.nn.silu(i) + tf.nn.sigmoid(i) * tf.nn.tanh(i) - tf.math.maximum(i, 0.2)
    x = tf.clip_by_value(x, -1.0, 2.0) + tf.clip_by_value(x, 0.0, 6.0)
    y = tf.math.l2_normalize(x, axis=-1) + tf.nn.softmax(x) + tf.exp(-tf.abs(x)) / tf.sqrt(x * x + 1.0)
    z = tf.nn.leaky_relu(y) ** 2
    return k2.Model(i, tf.where(x > 0.1, z, tf.nn.gelu(x) + tf.nn.elu(x) + tf.nn.softplus(x)))


def backend_ops():
    i = k2.Input((6, 3))
    return k2.Model(
        i,
        [
            k2.backend.mean(i, axis=1),
            k2.backend.relu(i, max_value=1.0),
            k2.activations.swish(i),
            k2.activations.relu(i),
        ],
    )


NETWORKS = (
    hard_swish_ops,
    tensor_ops,
    dynamic_reshape,
    math_ops,
    backend_ops,
)
