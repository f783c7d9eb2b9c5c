"""Files of Keras 3 and models handed over in Python."""

import keras
import numpy as np
import pytest
import tf_keras as k2

from edgecomp.errors import InputError
from edgecomp.models import TensorSpec, from_keras, open_model

L = keras.layers


def ops_and_nesting():
    i = keras.Input((6, 6, 3), name="photo")
    inner = keras.Sequential([keras.Input((4, 4, 2)), L.Conv2D(2, 1), L.BatchNormalization()], name="inner")
    x = L.Conv2D(2, 3, activation="hard_sigmoid")(i)
    y = inner(x)
    z = keras.ops.relu6(x + 3.0) * inner(y) / 6.0
    z = keras.ops.concatenate([z, y], axis=-1)[:, 1:]
    return keras.Model(i, L.LSTM(3)(L.Dropout(0.1)(L.Reshape((-1, 4))(z))))


def several_of_each():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), dtype="int32", name="ids")
    e = L.GlobalAveragePooling1D()(L.Embedding(20, 4)(b))
    return keras.Model([b, a], [L.Dense(2, name="x")(a + e), L.Dense(1, name="y")(e)])


def shared_and_wrapped():
    i = keras.Input((5, 3))
    d = L.Dense(3)
    x = L.TimeDistributed(L.Dense(3))(L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="sum")(d(i))[..., :3])
    return keras.Model(i, L.MultiHeadAttention(2, 3)(x, d(d(i))))


def attention_and_norms():
    i = keras.Input((8, 8, 4))
    x = L.LayerNormalization()(L.GroupNormalization(2)(L.SeparableConv2D(4, 3)(i)))
    return keras.Model(i, L.PReLU()(L.DepthwiseConv2D(3)(x)))


def normalized():
    layer = L.Normalization()
    layer.adapt(np.random.default_rng(0).normal(3, 2, (50, 4)).astype("float32"))
    return keras.Sequential([keras.Input((4,)), layer, L.Dense(2)])


NETWORKS = [ops_and_nesting, several_of_each, shared_and_wrapped, attention_and_norms, normalized]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_a_keras_3_file_computes_what_the_original_does(network, suffix, tmp_path, tools, clean_keras):
    original = tools.randomize(network())
    path = tmp_path / f"m{suffix}"
    original.save(path)
    opened = open_model(path)
    assert opened.format == ("keras" if suffix == ".keras" else "keras-h5")
    values = tools.random_inputs(opened.inputs)
    tools.assert_close(tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values))


def test_a_model_saved_in_the_middle_of_training_opens(tmp_path, tools):
    original = keras.Sequential([keras.Input((4,)), L.Dense(3), L.BatchNormalization(), L.Dense(2)])
    original.compile("adam", "mse", metrics=["mae"])
    original.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    for name in ("m.keras", "m.h5"):
        original.save(tmp_path / name)
        opened = open_model(tmp_path / name)
        assert not opened.keras_model.compiled
        values = tools.random_inputs(opened.inputs)
        tools.assert_close(tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values))


def fully_convolutional():
    i = keras.Input((None, None, 3), name="photo")
    return keras.Model(i, L.GlobalAveragePooling2D()(L.Conv2D(2, 3)(i)))


def test_open_sizes_are_asked_for_and_taken(tmp_path):
    fully_convolutional().save(tmp_path / "m.keras")
    with pytest.raises(InputError, match="--input-shape 224,224,3"):
        open_model(tmp_path / "m.keras")
    with pytest.raises(InputError, match=r"--input-shape 8,8,1 does not fit the input photo, which is \?,\?,3"):
        open_model(tmp_path / "m.keras", input_shape=(8, 8, 1))
    with pytest.raises(InputError, match="names the input picture; the model's are photo"):
        open_model(tmp_path / "m.keras", input_shape={"photo": (8, 8, 3), "picture": (8, 8, 3)})
    for given in ((8, 9, 3), (1, 8, 9, 3), {"photo": (8, 9, 3)}):
        opened = open_model(tmp_path / "m.keras", input_shape=given)
        assert opened.inputs == (TensorSpec("photo", (1, 8, 9, 3)),)
        assert opened.outputs[0].shape == (1, 2)
        assert tuple(opened.keras_model.inputs[0].shape) == (None, 8, 9, 3)


def test_open_sizes_of_a_keras_2_file_are_asked_for_and_taken(tmp_path):
    i = k2.Input((None, None, 3), name="photo")
    k2.Model(i, k2.layers.Conv2D(2, 3)(i)).save(tmp_path / "m.h5")
    with pytest.raises(InputError, match="--input-shape 224,224,3"):
        open_model(tmp_path / "m.h5")
    assert open_model(tmp_path / "m.h5", input_shape=(8, 9, 3)).outputs[0].shape == (1, 6, 7, 2)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16", "float64"])
def test_other_precisions_are_opened_as_float32(policy, tmp_path, tools, clean_keras):
    def make():
        i = keras.Input((6, 6, 3))
        return keras.Model(i, L.Dense(2, dtype="float32")(L.Flatten()(L.BatchNormalization()(L.Conv2D(2, 3)(i)))))

    keras.config.set_dtype_policy(policy)
    try:
        other = tools.randomize(make())
    finally:
        keras.config.set_dtype_policy("float32")
    reference = make()
    reference.set_weights(other.get_weights())
    for name in ("m.keras", "m.h5"):
        other.save(tmp_path / name)
    for opened in (open_model(tmp_path / "m.keras"), open_model(tmp_path / "m.h5"), from_keras(other)):
        assert {layer.dtype_policy.name for layer in opened.keras_model.layers} == {"float32"}
        assert [opened.inputs[0].dtype, opened.outputs[0].dtype] == ["float32", "float32"]
        values = tools.random_inputs(opened.inputs)
        tools.assert_close(tools.outputs_of(reference, values), tools.outputs_of(opened.keras_model, values))
    assert other.layers[1].dtype_policy.name == policy


def test_a_fixed_batch_and_kept_state_are_undone(tmp_path, tools):
    original = keras.Sequential([keras.Input(batch_shape=(4, 5, 3)), L.LSTM(2, stateful=True), L.Dense(1)])
    original.save(tmp_path / "m.keras")
    for opened in (open_model(tmp_path / "m.keras"), from_keras(original)):
        assert opened.inputs[0].shape == (1, 5, 3)
        assert opened.keras_model.inputs[0].shape[0] is None
        assert any("keeps state" in warning for warning in opened.warnings)
        values = tools.random_inputs(opened.inputs, batch=4)
        original.layers[0].reset_state()
        tools.assert_close(tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values))
        tools.assert_close(*(tools.outputs_of(opened.keras_model, values) for _ in range(2)))


def test_a_model_handed_over_is_taken_as_it_is():
    model = several_of_each()
    opened = from_keras(model)
    assert opened.keras_model is model
    assert [opened.format, opened.path] == ["in-memory", None]
    assert opened.inputs == (TensorSpec("ids", (1, 3), "int32"), TensorSpec("a", (1, 4)))
    assert [spec.name for spec in opened.outputs] == ["x", "y"]
    assert opened.sha256 == from_keras(model).sha256
    model.layers[-1].bias.assign([1.0])
    assert opened.sha256 != from_keras(model).sha256


def test_a_keras_2_model_handed_over_is_rebuilt(tools):
    i = k2.Input((6, 6, 3))
    model = tools.randomize(k2.Model(i, k2.layers.DepthwiseConv2D(3)(i)))
    opened = from_keras(model)
    assert isinstance(opened.keras_model, keras.Model)
    values = tools.random_inputs(opened.inputs)
    tools.assert_close(tools.outputs_of(model, values), tools.outputs_of(opened.keras_model, values))


class Doubled(keras.Model):
    def __init__(self, width=2, **options):
        super().__init__(**options)
        self.width, self.dense = width, L.Dense(width)

    def call(self, inputs):
        return 2 * self.dense(inputs)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


def test_a_subclassed_model_becomes_a_functional_one(tmp_path, tools):
    model = Doubled()
    model(np.zeros((1, 3)))
    model.save(tmp_path / "m.keras")
    opened = open_model(tmp_path / "m.keras", custom_objects={"Doubled": Doubled})
    for one in (opened, from_keras(model, input_shape=(3,))):
        assert [spec.shape for spec in (*one.inputs, *one.outputs)] == [(1, 3), (1, 2)]
        values = tools.random_inputs(one.inputs)
        tools.assert_close([np.asarray(model(values[0]))], tools.outputs_of(one.keras_model, values))


def test_what_is_no_built_model_is_refused():
    with pytest.raises(InputError, match=r"a keras\.Model is wanted, not a Dense"):
        from_keras(L.Dense(2))
    with pytest.raises(InputError, match="has not been built"):
        from_keras(keras.Sequential([L.Dense(2)]))


def test_names_are_unique_and_fit_for_a_signature(tmp_path):
    i = k2.Input((4,), name="in-put/1")
    d = k2.layers.Dense(2, name="head.out")
    k2.Model(i, [d(i), d(k2.layers.Dense(4)(i))]).save(tmp_path / "m.h5")
    opened = open_model(tmp_path / "m.h5")
    assert [spec.name for spec in opened.inputs] == ["in_put_1"]
    assert [spec.name for spec in opened.outputs] == ["head_out", "head_out_1"]


def test_the_digest_is_that_of_the_file(tmp_path):
    import hashlib

    fully_convolutional().save(tmp_path / "m.keras")
    opened = open_model(str(tmp_path / "m.keras"), input_shape=(8, 8, 3))
    assert opened.sha256 == hashlib.sha256((tmp_path / "m.keras").read_bytes()).hexdigest()
    assert opened.path == tmp_path / "m.keras"
