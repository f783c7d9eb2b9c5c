"""Files that cannot be opened: each gets one clear message, and nothing else happens."""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tf_keras as k2
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.models import from_keras, open_model
from edgecomp.models.sniff import sniff


def zipped(*names):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return data.getvalue()


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "model.keras"
    model = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
    model.save(path)
    return path


@pytest.fixture(scope="module")
def h5_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "model.h5"
    k2.Sequential([k2.layers.Conv2D(2, 3, input_shape=(6, 6, 3)), k2.layers.Flatten()]).save(path)
    return path


FOREIGN = {
    "empty": (b"", "is empty"),
    "pickle": (pickle.dumps({"a": 1}), "is a pickle"),
    "torch": (zipped("archive/data.pkl"), "is a PyTorch file"),
    "another zip": (zipped("readme"), "is a zip file, but no .keras archive"),
    "npz": (zipped("x.npy", "y.npy"), r"is a NumPy \.npz file"),
    "onnx": (b"\x08\x07\x12\x07pytorch\x1a\x05" + bytes(100), "is an ONNX file"),
    "text": (b"just some notes\n", "is a text file"),
    "json": (b'{"class_name": "Model"}', "is a JSON file"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "is a picture"),
    "numpy": (b"\x93NUMPY\x01\x00" + bytes(50), "is a NumPy array"),
    "gzip": (b"\x1f\x8b\x08" + bytes(50), "is a compressed archive"),
    "lfs pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
    "web page": (b"<!DOCTYPE html><html></html>", "is a web page"),
    "zeros": (bytes(1000), "is filled with zero bytes"),
    "noise": (bytes(range(128, 256)) * 4, "is of an unknown binary format"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_something_else_is_named(kind, tmp_path):
    content, message = FOREIGN[kind]
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        open_model(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no model at"):
        open_model(tmp_path / "nowhere.h5")


def test_a_folder_that_is_no_saved_model_is_named(tmp_path):
    with pytest.raises(InputError, match=r"without a saved_model\.pb"):
        open_model(tmp_path)


@given(st.binary(max_size=600))
@settings(max_examples=100)
def test_no_bytes_make_sniffing_fail_in_another_way(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        found = sniff(path)
    except InputError:
        return
    assert found in ("hdf5", "tflite")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_an_error(share, keras_file, h5_file, tmp_path):
    for source in (keras_file, h5_file):
        content = source.read_bytes()
        path = tmp_path / source.name
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(InputError, match=r"damaged|truncated|cut off|cannot be read"):
            open_model(path)


def test_weights_alone_are_told_how_to_become_a_model(keras_file, tmp_path):
    model = keras.models.load_model(keras_file)
    model.save_weights(tmp_path / "a.weights.h5")
    k2.Sequential([k2.layers.Dense(2, input_shape=(3,))]).save_weights(tmp_path / "b.h5")
    for name in ("a.weights.h5", "b.h5"):
        with pytest.raises(InputError, match=r"weights only.*model\.save\("):
            open_model(tmp_path / name)


def test_an_hdf5_file_of_something_else_is_named(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(InputError, match="no Keras model"):
        open_model(tmp_path / "a.h5")


def test_weights_kept_in_another_file_are_not_followed(h5_file, tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(h5_file.read_bytes())
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(1000))
    with h5py.File(path, "r+") as file:
        group = file["model_weights/conv2d/conv2d"]
        shape = group["kernel:0"].shape
        del group["kernel:0"]
        group.create_dataset("kernel:0", shape, "float32", external=[(str(secret), 0, 1000)])
    with pytest.raises(InputError, match="kept in another file"):
        open_model(path)


class Twice(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


CUSTOM_MODULE = """
import keras
from keras.layers import Dense  # of Keras, so it must not count as a custom Dense
class Twice(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs
def squash(x):
    return keras.ops.tanh(x)
"""


@pytest.fixture
def module_here(tmp_path, monkeypatch):
    (tmp_path / "my_layers.py").write_text(CUSTOM_MODULE)
    monkeypatch.chdir(tmp_path)
    yield "my_layers"
    sys.modules.pop("my_layers", None)


def keras3_with_custom_layer(path):
    i = keras.Input((3,))
    keras.Model(i, Twice(name="double")(keras.layers.Dense(3)(i))).save(path)


def keras2_with_custom_layer(path):
    class Twice(k2.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    def squash(x):
        import tensorflow as tf

        return tf.tanh(x)

    i = k2.Input((3,))
    k2.Model(i, Twice(name="double")(k2.layers.Dense(3, activation=squash)(i))).save(path)


@pytest.mark.parametrize(("write", "name"), [(keras3_with_custom_layer, "m.keras"), (keras2_with_custom_layer, "m.h5")])
def test_a_custom_layer_is_named_and_can_be_supplied(write, name, tmp_path, module_here, tools):
    write(tmp_path / name)
    with pytest.raises(InputError, match=r"(Twice|squash).*--custom-objects"):
        open_model(tmp_path / name)
    by_module = open_model(tmp_path / name, custom_objects=module_here)
    module = sys.modules[module_here]
    by_name = open_model(tmp_path / name, custom_objects={"Twice": module.Twice, "squash": module.squash})
    values = tools.random_inputs(by_module.inputs)
    first, second = (tools.outputs_of(one.keras_model, values) for one in (by_module, by_name))
    np.testing.assert_array_equal(first[0], second[0])
    assert any(type(layer).__name__ == "Twice" for layer in by_module.keras_model.layers)


def test_a_module_of_custom_objects_that_is_not_there_or_broken_is_named(keras_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no such module"):
        open_model(keras_file, custom_objects="not_here.layers")
    (tmp_path / "broken_layers.py").write_text("1 / 0")
    with pytest.raises(InputError, match="ZeroDivisionError"):
        open_model(keras_file, custom_objects="broken_layers")


def keras3_lambda(path):
    i = keras.Input((3,))
    keras.Model(i, keras.layers.Lambda(lambda x: x * 3.0, output_shape=(3,))(i)).save(path)


def keras2_lambda(path):
    i = k2.Input((3,))
    k2.Model(i, k2.layers.Lambda(lambda x: x * 3.0)(i)).save(path)


def keras2_nested_lambda(path):
    i = k2.Input((3,))
    inner = k2.Sequential([k2.layers.Lambda(lambda x: x * 3.0, input_shape=(3,))])
    k2.Model(i, k2.Sequential([inner])(i)).save(path)


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (keras3_lambda, "m.keras"),
        (keras3_lambda, "m3.h5"),
        (keras2_lambda, "m.h5"),
        (keras2_nested_lambda, "m.h5"),
        (keras2_lambda, "m2.keras"),
    ],
)
def test_code_in_a_file_is_refused_until_it_is_allowed(write, name, tmp_path, tools, monkeypatch):
    write(tmp_path / name)
    with pytest.raises(InputError, match="--allow-code"):
        open_model(tmp_path / name)
    monkeypatch.setattr("edgecomp.models.probe.probe", lambda *_: None)  # tried in its own test
    opened = open_model(tmp_path / name, allow_code=True)
    values = tools.random_inputs(opened.inputs)
    np.testing.assert_allclose(tools.outputs_of(opened.keras_model, values)[0], 3 * values[0])


def test_code_that_crashes_python_is_an_error_not_a_crash(tmp_path):
    """Bytecode of another Python version can do this; here a Lambda does it on purpose."""
    i = k2.Input((3,))
    layer = k2.layers.Lambda(lambda x: __import__("ctypes").string_at(0) and x)
    path = tmp_path / "m.h5"
    model = k2.Model(i, k2.layers.Lambda(lambda x: x)(i))
    model.save(path)
    crashing = layer.get_config()
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][1]["config"]["function"] = list(crashing["function"])
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(InputError, match="crashes this Python"):
        open_model(path, allow_code=True)


def rewritten(source, target, change):
    """A copy of a .keras archive with its config.json changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = json.dumps(change(json.loads(content)))
            new.writestr(name, content)
    return target


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("keras.utils", "get_file"), ("keras.saving", "load_model"), ("subprocess", "Popen")],
)
def test_a_description_that_names_other_functions_is_refused(module, name, keras_file, tmp_path):
    def change(config):
        layer = config["config"]["layers"][1]
        layer.update(module=module, class_name=name, registered_name=None, config={"name": "x"})
        return config

    with pytest.raises(InputError, match=name):
        open_model(rewritten(keras_file, tmp_path / "m.keras", change))


def test_a_hostile_archive_writes_nothing(keras_file, tmp_path, monkeypatch):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    path = folder / "m.keras"
    path.write_bytes(keras_file.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../escaped", b"x")
        archive.writestr("/tmp/edgecomp-escaped", b"x")
    open_model(path)
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["a", "b", "m.keras"]
    assert not os.path.exists("/tmp/edgecomp-escaped")


def test_a_member_that_unpacks_to_far_more_than_it_holds_is_refused(keras_file, tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(keras_file) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("config.json", old.read("config.json"))
        with new.open("model.weights.h5", "w", force_zip64=True) as member:
            for _ in range(100):
                member.write(bytes(1 << 20))
    with pytest.raises(InputError, match="claims to unpack"):
        open_model(path)


def test_an_archive_with_weights_of_another_network_is_refused(keras_file, tmp_path):
    def change(config):
        layers = config["config"]["layers"]
        del layers[1]["build_config"]
        layers[1].update(class_name="Activation", config={"name": "conv2d", "activation": "relu"})
        return config

    with pytest.raises(InputError, match="weights"):
        open_model(rewritten(keras_file, tmp_path / "m.keras", change))


def test_inputs_that_are_no_dense_numbers_are_refused(tmp_path):
    i = keras.Input((1,), dtype="string")
    keras.Model(i, keras.layers.Identity()(i)).save(tmp_path / "text.keras")
    j = k2.Input((4,), sparse=True)
    k2.Model(j, k2.layers.Dense(2)(j)).save(tmp_path / "sparse.h5")
    r = k2.Input((None, 4), ragged=True)
    k2.Model(r, k2.layers.Dense(2)(r)).save(tmp_path / "ragged.h5")
    for name, message in (("text.keras", "takes text"), ("sparse.h5", "is sparse"), ("ragged.h5", "is ragged")):
        with pytest.raises(InputError, match=message):
            open_model(tmp_path / name, input_shape=(3, 4) if name == "ragged.h5" else None)


def test_a_network_quantized_by_keras_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
    model.quantize("int8")
    model.save(tmp_path / "m.keras")
    with pytest.raises(InputError, match="quantized by Keras"):
        open_model(tmp_path / "m.keras")
    with pytest.raises(InputError, match="quantized by Keras"):
        from_keras(model)


def test_a_subclassed_model_without_its_network_is_told_what_to_do(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = json.dumps({"class_name": "MyModel", "config": {"width": 3}})
        file.create_group("model_weights").attrs["layer_names"] = []
    with pytest.raises(InputError, match=r"subclass of keras\.Model"):
        open_model(tmp_path / "m.h5")


def test_importing_the_room_does_not_import_tensorflow():
    code = "import sys, edgecomp.models; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def mutated(value, path, change):
    """A copy of nested plain data with the value at the path (of indices, taken modulo) replaced or removed."""
    if not path or not isinstance(value, (dict, list)) or not value:
        return change
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[path[0] % len(keys)]
    copied = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1 and change == "remove":
        del copied[key]
    else:
        copied[key] = mutated(value[key], path[1:], change)
    return copied


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=9),
    st.sampled_from(["remove", None, 0, -1, 1.5, "x", [], {}, [["a", 0, 0]], True]),
)
@settings(max_examples=40)
def test_a_damaged_description_opens_or_is_an_input_error(h5_file, keras_file, path, change):
    for source in (h5_file, keras_file):
        target = source.with_name("damaged" + source.suffix)
        if source is keras_file:
            rewritten(source, target, lambda config: mutated(config, path, change))
        else:
            target.write_bytes(source.read_bytes())
            with h5py.File(target, "r+") as file:
                file.attrs["model_config"] = json.dumps(mutated(json.loads(file.attrs["model_config"]), path, change))
        try:
            opened = open_model(target)
        except InputError:
            continue
        assert opened.inputs
        assert opened.outputs
