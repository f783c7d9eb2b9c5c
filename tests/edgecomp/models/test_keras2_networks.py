"""Networks as people build them in Keras 2: saved by it, opened here, their outputs compared with the original's."""

import numpy as np
import pytest
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


def slashes():
    i = k2.Input((8, 8, 3), name="in/put")
    x = L.Conv2D(4, 3, name="block/conv")(i)
    x = L.BatchNormalization(name="block/conv/bn")(x)
    x = L.Activation("relu", name="block_conv")(x)
    return k2.Model(i, L.Dense(2, name="head/fc")(L.Flatten(name="head/flat")(x)), name="net/work")


def residual():
    i = k2.Input((8, 8, 4))
    a = L.Conv2D(4, 3, padding="same")(i)
    b = L.Add()([i, a])
    c = L.Concatenate()([b, L.Multiply()([a, i]), L.Subtract()([a, i]), L.Maximum()([a, b]), L.Average()([a, b, i])])
    return k2.Model(i, L.Cropping2D(1)(L.Minimum()([c, c * 0.5])))


def several_inputs_outputs():
    a, b = k2.Input((4,), name="a"), k2.Input((6,), name="b")
    h = L.concatenate([L.Dense(3, name="from_a")(a), L.Dense(3, name="from_b")(b)])
    return k2.Model([b, a], [L.Dense(2, name="second")(h), L.Dense(1, name="first")(h), h])


def dict_outputs():
    a, b = k2.Input((4,), name="zz"), k2.Input((4,), name="aa")
    return k2.Model({"zz": a, "aa": b}, {"y": L.Dense(2)(a), "x": L.Dense(3)(b)})


def shared_layers():
    a, b = k2.Input((5,)), k2.Input((5,))
    shared = L.Dense(4, activation="relu")
    return k2.Model([a, b], L.Dot(1, normalize=True)([shared(a), shared(L.Dense(5)(b))]))


def siamese():
    i = k2.Input((8, 8, 1))
    encoder = k2.Model(i, L.Dense(4)(L.Flatten()(L.BatchNormalization()(L.Conv2D(2, 3)(i)))), name="encoder")
    a, b = k2.Input((8, 8, 1)), k2.Input((8, 8, 1))
    return k2.Model([a, b], [encoder(a) - encoder(b), encoder(b)])


def nested_functional():
    i = k2.Input((8, 8, 3))
    base = k2.Model(i, L.BatchNormalization()(L.Conv2D(4, 3)(i)), name="base")
    j = k2.Input((8, 8, 3))
    return k2.Model(j, L.Dense(2)(L.GlobalAveragePooling2D()(base(j, training=False))))


def nested_frozen():
    i = k2.Input((8, 8, 3))
    x = L.BatchNormalization()(L.Conv2D(4, 3)(i))
    base = k2.Model(i, L.BatchNormalization()(L.DepthwiseConv2D(3)(x)), name="frozen_base")
    base.trainable = False
    j = k2.Input((8, 8, 3))
    return k2.Model(j, L.Dense(2)(L.GlobalAveragePooling2D()(base(j))))


def nested_half_frozen():
    i = k2.Input((8, 8, 3))
    x = L.BatchNormalization()(L.Conv2D(4, 3)(i))
    x = L.BatchNormalization()(L.Conv2D(4, 3)(x))
    base = k2.Model(i, L.BatchNormalization()(L.Conv2D(4, 3)(x)), name="base")
    for layer in base.layers[:4]:
        layer.trainable = False
    return k2.Sequential([base, L.Flatten(), L.Dense(3)])


def teachable_machine():
    i = k2.Input((16, 16, 3))
    x = L.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(i)
    x = L.ReLU(6.0)(L.BatchNormalization()(x))
    x = L.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    mobile = k2.Model(i, L.ReLU(6.0)(L.BatchNormalization()(x)), name="model1")
    features = k2.Sequential([mobile, L.GlobalAveragePooling2D()], name="sequential_1")
    head = k2.Sequential(
        [L.Dense(6, activation="relu", input_shape=(4,)), L.Dense(3, use_bias=False, activation="softmax")]
    )
    return k2.Sequential([features, head], name="sequential_4")


def deeply_nested():
    inner = k2.Sequential([L.Dense(4, input_shape=(5,)), L.BatchNormalization()], name="inner")
    i = k2.Input((5,))
    middle = k2.Model(i, [inner(i), L.Dense(2)(inner(i))], name="middle")
    j = k2.Input((5,))
    a, b = middle(L.Dense(5)(j))
    c, d = middle(j)
    return k2.Model(j, [a + c, L.Concatenate()([b, d])])


def inner_output_tapped():
    base = k2.Sequential([L.Conv2D(4, 3, input_shape=(8, 8, 1), name="tap"), L.Conv2D(2, 3), L.Flatten()])
    return k2.Model(base.input, [base.output, base.get_layer("tap").output])


def recurrent():
    i = k2.Input((6, 4))
    x = L.LSTM(5, return_sequences=True, recurrent_activation="hard_sigmoid")(i)
    x = L.GRU(4, return_sequences=True)(x)
    x = L.GRU(3, reset_after=False, return_sequences=True)(x)
    return k2.Model(i, L.SimpleRNN(3)(x))


def bidirectional():
    i = k2.Input((5, 3))
    x = L.Bidirectional(L.LSTM(4, return_sequences=True))(i)
    x = L.Bidirectional(L.GRU(3), merge_mode="sum")(x)
    return k2.Model(i, L.Dense(2)(x))


def recurrent_state():
    i = k2.Input((5, 3))
    x, h, c = L.LSTM(4, return_state=True, return_sequences=True)(i)
    y = L.LSTM(4)(x, initial_state=[c, h])
    return k2.Model(i, [y, h])


def stacked_cells():
    i = k2.Input((5, 3))
    return k2.Model(i, L.RNN([L.LSTMCell(4), L.GRUCell(3)], return_sequences=True)(i))


def stateful():
    return k2.Sequential([L.LSTM(4, stateful=True, batch_input_shape=(4, 5, 3)), L.Dense(2)])


def conv_lstm():
    return k2.Sequential([L.ConvLSTM2D(3, 3, input_shape=(3, 6, 6, 2)), L.Flatten(), L.Dense(2)])


def embedding():
    return k2.Sequential(
        [
            L.Embedding(20, 4, input_length=7),
            L.Conv1D(5, 3, padding="causal", activation="relu"),
            L.GlobalMaxPooling1D(),
            L.Dense(1, activation="sigmoid"),
        ]
    )


def masked_embedding():
    i = k2.Input((7,), dtype="int32", name="ids")
    x = L.LSTM(5)(L.Embedding(20, 4, mask_zero=True)(i))
    return k2.Model(i, L.Dense(2)(x))


def masking():
    return k2.Sequential([L.Masking(0.0, input_shape=(6, 3)), L.Bidirectional(L.LSTM(3)), L.Dense(2)])


def time_distributed():
    frame = k2.Sequential([L.Conv2D(3, 3, input_shape=(8, 8, 1)), L.BatchNormalization(), L.Flatten()])
    i = k2.Input((4, 8, 8, 1))
    x = L.TimeDistributed(frame)(i)
    x = L.TimeDistributed(L.Dense(3, activation="relu"))(x)
    return k2.Model(i, L.GlobalAveragePooling1D()(x))


def attention():
    i = k2.Input((6, 8))
    x = L.MultiHeadAttention(2, 4)(i, i)
    x = L.LayerNormalization(epsilon=1e-3)(x + i)
    y = L.Attention(use_scale=True)([x, i])
    return k2.Model(i, L.AdditiveAttention()([y, x]))


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


def upsampling():
    i = k2.Input((5, 6, 3))
    x = L.UpSampling2D((2, 3))(i)
    y = L.UpSampling2D((2, 3), interpolation="bilinear")(i)
    z = L.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1)(i)
    w = L.Conv2DTranspose(4, 4, strides=2, padding="valid")(i)
    return k2.Model(i, [x + y, z, w])


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


def shapes():
    i = k2.Input((4, 6))
    x = L.Permute((2, 1))(i)
    x = L.Reshape((2, -1, 4))(x)
    x = L.Flatten()(x)
    x = L.RepeatVector(3)(x)
    return k2.Model(i, L.SpatialDropout1D(0.5)(L.GaussianNoise(0.1)(L.AlphaDropout(0.1)(x))))


def preprocessing():
    normalization = L.Normalization(axis=-1)
    normalization.adapt(np.random.default_rng(0).uniform(0, 255, (32, 6, 6, 3)).astype("float32"))
    return k2.Sequential(
        [
            k2.Input((6, 6, 3)),
            L.RandomFlip("horizontal"),
            L.RandomRotation(0.1),
            L.RandomZoom(0.2),
            L.Rescaling(1 / 127.5, offset=-1),
            normalization,
            L.Resizing(4, 5),
            L.RandomContrast(0.1),
            L.RandomTranslation(0.1, 0.1),
            L.Conv2D(2, 3),
        ]
    )


def given_normalization():
    i = k2.Input((6, 6, 3))
    return k2.Model(i, L.CenterCrop(4, 4)(L.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])(i)))


def random_crop():
    i = k2.Input((8, 8, 3))
    return k2.Model(i, L.RandomCrop(6, 6)(i))


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


def squeeze_excite():
    i = k2.Input((8, 8, 4))
    x = L.GlobalAveragePooling2D()(i)
    x = L.Reshape((1, 1, 4))(x)
    x = L.Conv2D(2, 1, activation="relu")(x)
    x = L.Conv2D(4, 1, activation="hard_sigmoid")(x)
    return k2.Model(i, L.Multiply()([i, x]))


def unet():
    i = k2.Input((16, 16, 1))
    a = L.Conv2D(4, 3, padding="same", activation="relu")(i)
    b = L.Conv2D(8, 3, padding="same", activation="relu")(L.MaxPooling2D()(a))
    c = L.Conv2DTranspose(4, 2, strides=2)(b)
    d = L.Conv2D(2, 3, padding="same")(L.concatenate([a, c], axis=3))
    return k2.Model(i, L.Conv2D(1, 1, activation="sigmoid")(d))


def autoencoder():
    i = k2.Input((8,), name="image")
    encoder = k2.Model(i, [L.Dense(2, name="mean")(i), L.Dense(2, name="log_var")(i)], name="encoder")
    z = k2.Input((2,))
    decoder = k2.Model(z, L.Dense(8, activation="sigmoid")(z), name="decoder")
    model = k2.Model(i, decoder(encoder(i)[0]), name="vae")
    model.add_loss(tf.reduce_mean(encoder(i)[1]))
    return model


def several_precisions():
    i = k2.Input((8, 8, 3))
    x = L.ReLU()(L.BatchNormalization()(L.Conv2D(4, 3)(i)))
    return k2.Model(i, L.Dense(3, dtype="float32")(L.Flatten()(x)))


def uint8_input():
    i = k2.Input((8, 8, 3), dtype="uint8")
    return k2.Model(i, L.Conv2D(2, 3)(L.Rescaling(1 / 255.0)(i)))


def subclass_with_functional_call():
    class MyModel(k2.Model):
        def train_step(self, data):
            return {}

    i = k2.Input((5,))
    return MyModel(i, L.Dense(2)(i))


def group_norms():
    i = k2.Input((4, 4, 6))
    return k2.Model(i, L.UnitNormalization()(L.LayerNormalization(axis=[1, 2, 3])(L.GroupNormalization(3)(i))))


def inference_training_flag():
    i = k2.Input((6, 6, 3))
    x = L.BatchNormalization()(i, training=False)
    return k2.Model(i, L.Dropout(0.5)(x, training=False))


def layer_reused_in_chain():
    i = k2.Input((5,))
    d, e = L.Dense(5, activation="tanh", name="d"), L.Dense(5, name="e")
    return k2.Model(i, d(e(d(e(d(i))))))


NETWORKS = [
    dense,
    lenet,
    batch_norm,
    depthwise,
    dilated_and_grouped,
    slashes,
    residual,
    several_inputs_outputs,
    dict_outputs,
    shared_layers,
    siamese,
    nested_functional,
    nested_frozen,
    nested_half_frozen,
    teachable_machine,
    deeply_nested,
    inner_output_tapped,
    recurrent,
    bidirectional,
    recurrent_state,
    stacked_cells,
    stateful,
    conv_lstm,
    embedding,
    masked_embedding,
    masking,
    time_distributed,
    attention,
    activations,
    upsampling,
    conv1d_net,
    conv3d_net,
    shapes,
    preprocessing,
    given_normalization,
    random_crop,
    hard_swish_ops,
    tensor_ops,
    dynamic_reshape,
    math_ops,
    backend_ops,
    squeeze_excite,
    unet,
    autoencoder,
    uint8_input,
    subclass_with_functional_call,
    group_norms,
    inference_training_flag,
    layer_reused_in_chain,
]
# What the h5 tests find of other formats is the same code; these are where the formats differ.
OTHER_FORMATS = [slashes, siamese, teachable_machine, deeply_nested, bidirectional, stacked_cells]
OTHER_FORMATS += [time_distributed, preprocessing]
SLOW = pytest.mark.slow
SAVED_MODELS = [teachable_machine]
SAVED_MODELS += [pytest.param(one, marks=SLOW) for one in (siamese, nested_half_frozen, bidirectional, preprocessing)]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_an_h5_file_of_keras_2_computes_what_the_original_does(network, tmp_path, assert_equal_to):
    assert_equal_to(network, tmp_path / "model.h5", "legacy-h5")


@pytest.mark.parametrize("network", OTHER_FORMATS, ids=lambda network: network.__name__)
def test_a_keras_archive_of_keras_2_computes_what_the_original_does(network, tmp_path, assert_equal_to):
    assert_equal_to(network, tmp_path / "model.keras", "keras")


@pytest.mark.parametrize("network", SAVED_MODELS, ids=lambda network: network.__name__)
def test_a_saved_model_of_keras_2_becomes_a_native_model_that_computes_the_same(network, tmp_path, assert_equal_to):
    assert_equal_to(network, tmp_path / "model", "saved-model")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_a_network_of_another_precision_computes_what_it_does_in_float32(policy, tmp_path, assert_equal_to):
    def make():
        k2.mixed_precision.set_global_policy(policy)
        try:
            return several_precisions()
        finally:
            k2.mixed_precision.set_global_policy("float32")

    opened = assert_equal_to(make, tmp_path / "model.h5", "legacy-h5", reference=several_precisions)
    assert {variable.dtype for variable in opened.keras_model.weights} == {"float32"}
    assert [spec.dtype for spec in (*opened.inputs, *opened.outputs)] == ["float32", "float32"]


def keras_applications():
    applications = k2.applications
    small = {"weights": None, "classes": 5}
    return {
        "MobileNet": lambda: applications.MobileNet((32, 32, 3), 0.25, **small),
        "MobileNetV2": lambda: applications.MobileNetV2((32, 32, 3), 0.35, **small),
        "MobileNetV3Small": lambda: applications.MobileNetV3Small((32, 32, 3), 0.75, minimalistic=True, **small),
        "MobileNetV3Large": lambda: applications.MobileNetV3Large((32, 32, 3), 0.75, **small),
        "NASNetMobile": lambda: applications.NASNetMobile((32, 32, 3), **small),
        "EfficientNetB0": lambda: applications.EfficientNetB0(input_shape=(32, 32, 3), **small),
        "EfficientNetV2B0": lambda: applications.EfficientNetV2B0(input_shape=(32, 32, 3), **small),
        "DenseNet121": lambda: applications.DenseNet121(input_shape=(32, 32, 3), **small),
        "ResNet50": lambda: applications.ResNet50(input_shape=(32, 32, 3), **small),
        "ResNet50V2": lambda: applications.ResNet50V2(input_shape=(32, 32, 3), **small),
        "ResNetRS50": lambda: applications.ResNetRS50(input_shape=(32, 32, 3), **small),
        "RegNetX002": lambda: applications.RegNetX002(input_shape=(32, 32, 3), **small),
        "RegNetY002": lambda: applications.RegNetY002(input_shape=(32, 32, 3), **small),
        "Xception": lambda: applications.Xception(input_shape=(71, 71, 3), **small),
        "InceptionV3": lambda: applications.InceptionV3(input_shape=(75, 75, 3), **small),
        "InceptionResNetV2": lambda: applications.InceptionResNetV2(input_shape=(75, 75, 3), **small),
        "VGG11-like VGG16": lambda: applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)),
        "ConvNeXtTiny": lambda: applications.ConvNeXtTiny(input_shape=(32, 32, 3), **small),
    }


QUICK = ["MobileNetV3Small"]


@pytest.mark.parametrize("name", QUICK)
def test_a_keras_2_application_computes_what_the_original_does(name, tmp_path, assert_equal_to):
    assert_equal_to(keras_applications()[name], tmp_path / "model.h5", "legacy-h5")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in keras_applications() if name not in QUICK])
def test_every_family_of_keras_2_applications_computes_what_the_original_does(name, tmp_path, assert_equal_to):
    assert_equal_to(keras_applications()[name], tmp_path / "model.h5", "legacy-h5")
