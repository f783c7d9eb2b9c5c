"""SavedModel folders and .tflite files."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgecomp.errors import InputError
from edgecomp.models import TensorSpec, open_model


class Plain(tf.Module):
    def __init__(self):
        self.w = tf.Variable(np.arange(6, dtype="float32").reshape(3, 2))

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, name="x")])
    def __call__(self, x):
        return {"y": x @ self.w, "z": x + 1.0}


def test_a_plain_saved_model_is_kept_as_it_is(tmp_path):
    module = Plain()
    tf.saved_model.save(module, str(tmp_path), signatures=module.__call__)
    opened = open_model(tmp_path)
    assert [opened.format, opened.saved_model, opened.keras_model] == ["saved-model", tmp_path, None]
    assert opened.inputs == (TensorSpec("x", (1, 3)),)
    assert sorted(opened.outputs, key=lambda spec: spec.name) == [TensorSpec("y", (1, 2)), TensorSpec("z", (1, 3))]
    assert "cannot be pruned" in opened.warnings[0]


def test_an_exported_keras_3_model_is_opened(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.export(tmp_path / "m", verbose=False)
    opened = open_model(tmp_path / "m")
    assert [opened.inputs[0].shape, opened.outputs[0].shape] == [(1, 4), (1, 2)]
    assert opened.saved_model == tmp_path / "m"


class Open(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32, name="photo")])
    def __call__(self, photo):
        return tf.reduce_mean(photo, [1, 2])


class Fixed(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((8, 3), tf.float32, name="x")])
    def __call__(self, x):
        return x * 2.0


class Text(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="words")])
    def __call__(self, words):
        return tf.strings.length(words)


class Writes(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, name="x")])
    def __call__(self, x):
        tf.io.write_file("written", tf.as_string(x[0, 0]))
        return x


def save(module, path):
    tf.saved_model.save(module, str(path), signatures=module.__call__)
    return path


def test_open_sizes_of_a_saved_model_are_asked_for_and_taken(tmp_path):
    save(Open(), tmp_path)
    with pytest.raises(InputError, match=r"the input photo is .*--input-shape"):
        open_model(tmp_path)
    assert open_model(tmp_path, input_shape=(8, 9, 3)).inputs[0].shape == (1, 8, 9, 3)


@pytest.mark.parametrize(
    ("module", "message"), [(Fixed, "fixed batch of 8"), (Text, "takes text"), (Writes, "WriteFile.*--allow-code")]
)
def test_saved_models_that_cannot_be_used_are_refused(module, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(module(), tmp_path / "m")
    with pytest.raises(InputError, match=message):
        open_model(tmp_path / "m")
    assert not (tmp_path / "written").exists()


def test_a_saved_model_without_a_signature_is_refused(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(InputError, match="no signature"):
        open_model(tmp_path)


def test_a_damaged_saved_model_is_refused(tmp_path):
    save(Plain(), tmp_path)
    content = (tmp_path / "saved_model.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="saved_model"):
        open_model(tmp_path)


@pytest.fixture(scope="module")
def networks():
    i = keras.Input((8, 8, 3), name="photo")
    sized = keras.Model(i, keras.layers.Conv2D(2, 3, name="out")(i))
    j = keras.Input((None, None, 3), name="photo")
    unsized = keras.Model(j, keras.layers.Conv2D(2, 3, name="out")(j))
    unsized.set_weights(sized.get_weights())
    return sized, unsized


def tflite(model, path, **options):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    for key, value in options.items():
        setattr(converter, key, value)
    path.write_bytes(converter.convert())
    return path


def run(content, value):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_a_float_tflite_is_kept_as_it_is(networks, tmp_path):
    path = tflite(networks[0], tmp_path / "m.tflite")
    opened = open_model(path)
    assert [opened.format, opened.keras_model, opened.tflite] == ["tflite", None, path.read_bytes()]
    assert opened.inputs == (TensorSpec("photo", (1, 8, 8, 3)),)
    assert opened.outputs[0].shape == (1, 6, 6, 2)


def test_open_sizes_of_a_tflite_are_fixed_in_its_bytes(networks, tmp_path):
    path = tflite(networks[1], tmp_path / "m.tflite")
    with pytest.raises(InputError, match="--input-shape"):
        open_model(path)
    opened = open_model(path, input_shape=(8, 8, 3))
    assert [opened.inputs[0].shape, opened.outputs[0].shape] == [(1, 8, 8, 3), (1, 6, 6, 2)]
    value = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(run(opened.tflite, value), np.asarray(networks[0](value)), atol=1e-5)


def test_a_quantized_tflite_is_refused(networks, tmp_path):
    generator = np.random.default_rng(0)

    def samples():
        for _ in range(4):
            yield [generator.normal(size=(1, 8, 8, 3)).astype("float32")]

    default = [tf.lite.Optimize.DEFAULT]
    full = tflite(networks[0], tmp_path / "a.tflite", optimizations=default, representative_dataset=samples)
    big = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64)])  # small weights stay float
    dynamic = tflite(big, tmp_path / "b.tflite", optimizations=default)
    for path in (full, dynamic):
        with pytest.raises(InputError, match="already quantized"):
            open_model(path)
    converter = tf.lite.TFLiteConverter.from_keras_model(big)
    converter.optimizations, converter.target_spec.supported_types = default, [tf.float16]
    (tmp_path / "c.tflite").write_bytes(converter.convert())
    with pytest.raises(InputError, match="float16"):
        open_model(tmp_path / "c.tflite")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_truncated_tflite_is_refused(share, networks, tmp_path):
    content = tflite(networks[0], tmp_path / "m.tflite").read_bytes()
    (tmp_path / "cut.tflite").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="damaged"):
        open_model(tmp_path / "cut.tflite")
