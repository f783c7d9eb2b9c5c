"""Networks that branch, share layers or hold other networks."""

import tensorflow as tf
import tf_keras as k2

L = k2.layers


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


def subclass_with_functional_call():
    class MyModel(k2.Model):
        def train_step(self, data):
            return {}

    i = k2.Input((5,))
    return MyModel(i, L.Dense(2)(i))


def layer_reused_in_chain():
    i = k2.Input((5,))
    d, e = L.Dense(5, activation="tanh", name="d"), L.Dense(5, name="e")
    return k2.Model(i, d(e(d(e(d(i))))))


NETWORKS = (
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
    squeeze_excite,
    unet,
    autoencoder,
    subclass_with_functional_call,
    layer_reused_in_chain,
)
