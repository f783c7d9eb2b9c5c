"""Networks of one layer after the other: convolutions, normalizations, activations, changes of shape."""

import tensorflow as tf
import tf_keras as k2

L = k2.layers


def dense():
    return k2.Sequential(
        [L.Dense(8, activation="relu", input_shape=(5,)), L.Dropout(0.3), L.Dense(3, activation="softmax")]
    )


def lenet():
    return k2.Sequential(
        [
            L.Conv2D(4, 3, activation="tanh", input_shape=(12, 12, 1), kernel_regularizer="l2"),
            L.AveragePooling2D(),
            L.Conv2D(6, 3, padding="same", kernel_regularizer=k2.regularizers.l1_l2(1e-4, 1e-3)),
            L.MaxPool2D(2, padding="same"),
            L.Flatten(),
            L.Dense(5, kernel_constraint="max_norm"),
        ]
    )


def batch_norm():
    i = k2.Input((8, 8, 3))
    x = L.Conv2D(4, 3, use_bias=False)(i)
    x = L.BatchNormalization(epsilon=1e-2)(x)
    x = L.ReLU(6.0, negative_slope=0.1, threshold=0.05)(x)
    x = L.BatchNormalization(scale=False, center=False)(x)
    return k2.Model(i, L.GlobalMaxPooling2D()(x))


def depthwise():
    i = k2.Input((9, 9, 3))
    x = L.ZeroPadding2D(((0, 1), (0, 1)))(i)
    x = L.DepthwiseConv2D(3, strides=2, depth_multiplier=2, use_bias=False)(x)
    x = L.BatchNormalization()(x)
    x = L.ReLU(6.0)(x)
    x = L.SeparableConv2D(5, 3, padding="same", depthwise_regularizer="l2")(x)
    return k2.Model(i, L.GlobalAveragePooling2D(keepdims=True)(x))


def dilated_and_grouped():
    i = k2.Input((10, 10, 4))
    x = L.Conv2D(8, 3, groups=2, padding="same")(i)
    x = L.Conv2D(4, 3, dilation_rate=2, activation="elu")(x)
    x = L.DepthwiseConv2D(3, dilation_rate=2, padding="same")(x)
    return k2.Model(i, x)


def conv1d_net():
    i = k2.Input((16, 2))
    x = L.ZeroPadding1D(1)(i)
    x = L.SeparableConv1D(4, 3)(x)
    x = L.DepthwiseConv1D(3)(x)
    x = L.UpSampling1D(2)(L.MaxPooling1D(2)(x))
    x = L.Conv1DTranspose(3, 3, strides=2)(L.Cropping1D(1)(x))
    return k2.Model(i, L.AveragePooling1D(2)(x))


def conv3d_net():
    i = k2.Input((6, 6, 6, 1))
    x = L.BatchNormalization()(L.Conv3D(3, 3)(i))
    x = L.MaxPooling3D(2)(x)
    return k2.Model(i, [L.GlobalAveragePooling3D()(x), L.Conv3DTranspose(2, 2, strides=2)(x)])


def upsampling():
    i = k2.Input((5, 6, 3))
    x = L.UpSampling2D((2, 3))(i)
    y = L.UpSampling2D((2, 3), interpolation="bilinear")(i)
    z = L.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1)(i)
    w = L.Conv2DTranspose(4, 4, strides=2, padding="valid")(i)
    return k2.Model(i, [x + y, z, w])


def activations():
    i = k2.Input((8,))
    x = L.Dense(8, activation="swish")(i)
    x = L.Activation("hard_sigmoid")(x)
    x = L.Dense(8, activation=tf.nn.relu6)(x)
    x = L.LeakyReLU(0.2)(L.Dense(8)(x))
    x = L.PReLU()(L.Dense(8, activation="selu")(x))
    x = L.ThresholdedReLU(0.1)(L.Dense(8, activation="gelu")(x))
    x = L.ELU(0.7)(L.Dense(8, activation="softplus")(x))
    x = L.Dense(8, activation="softsign")(x)
    x = L.Dense(8, activation="mish")(x)
    x = L.Dense(8, activation="exponential")(x)
    return k2.Model(i, L.Softmax(axis=[-1])(L.Dense(4, activation=L.LeakyReLU(0.15))(x)))


def shapes():
    i = k2.Input((4, 6))
    x = L.Permute((2, 1))(i)
    x = L.Reshape((2, -1, 4))(x)
    x = L.Flatten()(x)
    x = L.RepeatVector(3)(x)
    return k2.Model(i, L.SpatialDropout1D(0.5)(L.GaussianNoise(0.1)(L.AlphaDropout(0.1)(x))))


def group_norms():
    i = k2.Input((4, 4, 6))
    return k2.Model(i, L.UnitNormalization()(L.LayerNormalization(axis=[1, 2, 3])(L.GroupNormalization(3)(i))))


def inference_training_flag():
    i = k2.Input((6, 6, 3))
    x = L.BatchNormalization()(i, training=False)
    return k2.Model(i, L.Dropout(0.5)(x, training=False))


def several_precisions():
    i = k2.Input((8, 8, 3))
    x = L.ReLU()(L.BatchNormalization()(L.Conv2D(4, 3)(i)))
    return k2.Model(i, L.Dense(3, dtype="float32")(L.Flatten()(x)))


NETWORKS = (
    dense,
    lenet,
    batch_norm,
    depthwise,
    dilated_and_grouped,
    conv1d_net,
    conv3d_net,
    upsampling,
    activations,
    shapes,
    group_norms,
    inference_training_flag,
)
