"""Files as other versions of Keras 2 wrote them, imitated by rewriting what tf_keras wrote."""

import json

import h5py
import numpy as np
import pytest
import tf_keras as k2

from edgecomp.errors import InputError
from edgecomp.models import open_model

L = k2.layers


def depthwise():
    i = k2.Input((9, 9, 3))
    x = L.BatchNormalization()(L.DepthwiseConv2D(3, use_bias=False)(i))
    return k2.Model(i, L.Dense(2)(L.GlobalAveragePooling2D()(L.LeakyReLU(0.2)(x))))


def chain():
    return k2.Sequential([L.Dense(4, activation="relu", input_shape=(5,)), L.BatchNormalization(), L.Dense(2)])


def layers_of(config, class_name):
    return [layer for layer in config["config"]["layers"] if layer["class_name"] == class_name]


def test_tensorflow_2_0_calls_a_functional_network_a_model(tmp_path, assert_equal_to):
    def patch(config):
        config["class_name"] = "Model"

    assert_equal_to(depthwise, tmp_path / "m.h5", "legacy-h5", patch=patch)


def test_tensorflow_1_names_batch_normalization_by_its_version(tmp_path, assert_equal_to):
    def patch(config):
        for layer in layers_of(config, "BatchNormalization"):
            layer["class_name"] = "BatchNormalizationV1"
            layer["config"].update(fused=True, renorm=False, virtual_batch_size=None)

    assert_equal_to(depthwise, tmp_path / "m.h5", "legacy-h5", patch=patch)


def test_keras_2_2_writes_numbers_as_arrays_and_references_without_arguments(tmp_path, assert_equal_to):
    def patch(config):
        for layer in layers_of(config, "LeakyReLU"):
            layer["config"]["alpha"] = {"type": "ndarray", "value": layer["config"]["alpha"]}
        for layer in config["config"]["layers"]:
            layer["inbound_nodes"] = [[reference[:3] for reference in node] for node in layer["inbound_nodes"]]

    assert_equal_to(depthwise, tmp_path / "m.h5", "legacy-h5", patch=patch)


def test_keras_2_1_writes_a_sequential_as_a_bare_list_without_its_input(tmp_path, assert_equal_to):
    def patch(config):
        layers = [layer for layer in config["config"]["layers"] if layer["class_name"] != "InputLayer"]
        layers[0]["config"]["batch_input_shape"] = [None, 5]
        return {"class_name": "Sequential", "config": layers}

    assert_equal_to(chain, tmp_path / "m.h5", "legacy-h5", patch=patch)


def test_options_of_the_convolution_in_a_depthwise_layer_are_left_out(tmp_path, assert_equal_to):
    def patch(config):
        for layer in layers_of(config, "DepthwiseConv2D"):
            layer["config"].update(groups=1, kernel_initializer={"class_name": "Gone", "config": {}})

    assert_equal_to(depthwise, tmp_path / "m.h5", "legacy-h5", patch=patch)


def test_inputs_nested_one_level_too_deep_stay_one_input(tmp_path, assert_equal_to):
    def patch(config):
        for key in ("input_layers", "output_layers"):
            config["config"][key] = [config["config"][key]]

    opened = assert_equal_to(depthwise, tmp_path / "m.h5", "legacy-h5", patch=patch)
    assert [len(opened.inputs), len(opened.outputs)] == [1, 1]


def test_inputs_that_are_one_bare_reference_stay_one_input(tmp_path, assert_equal_to):
    def patch(config):
        for key in ("input_layers", "output_layers"):
            config["config"][key] = config["config"][key][0]

    assert_equal_to(depthwise, tmp_path / "m.h5", "legacy-h5", patch=patch)


def test_a_gru_from_before_reset_after_is_computed_the_old_way(tmp_path, assert_equal_to):
    def make():
        return k2.Sequential([L.GRU(4, reset_after=False, input_shape=(5, 3)), L.Dense(2)])

    def patch(config):
        del layers_of(config, "GRU")[0]["config"]["reset_after"]

    assert_equal_to(make, tmp_path / "m.h5", "legacy-h5", patch=patch)


def test_an_activation_with_a_prefix_or_as_an_object_is_found(tmp_path, assert_equal_to):
    def patch(config):
        layers_of(config, "Dense")[0]["config"]["activation"] = {
            "class_name": "ReLU",
            "config": {"name": "r", "max_value": None, "negative_slope": {"type": "ndarray", "value": 0.0}},
        }

    assert_equal_to(chain, tmp_path / "m.h5", "legacy-h5", patch=patch)


@pytest.mark.parametrize("wrapped", [False, True])
def test_layers_that_ran_on_cudnn_become_plain_ones(wrapped, tmp_path, tools, clean_keras):
    def make():
        lstm, gru = L.LSTM(4, return_sequences=True), L.GRU(3)
        return k2.Sequential([k2.Input((5, 2)), *(map(L.Bidirectional, (lstm, gru)) if wrapped else (lstm, gru))])

    original = tools.randomize(make())
    path = tmp_path / "m.h5"
    original.save(path)

    def rename(config):
        for layer in config["config"]["layers"]:
            inner = layer["config"].get("layer", layer)
            if inner["class_name"] in ("LSTM", "GRU"):
                inner["class_name"] = "CuDNN" + inner["class_name"]
                for key in ("activation", "recurrent_activation", "reset_after", "implementation", "use_bias"):
                    inner["config"].pop(key, None)

    tools.patch_config(path, rename)
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        names = []
        group.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in names:
            gates = 4 if "lstm" in name else 3
            value = as_cudnn(group[name][()], name.rsplit("/", 1)[-1], gates)
            del group[name]
            group[name] = value
    opened = open_model(path)
    values = tools.random_inputs(opened.inputs)
    tools.assert_close(tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values))


def as_cudnn(value, name, gates):
    """A weight of a plain recurrent layer, laid out as its cuDNN layer had it."""
    if name.startswith("bias"):
        return np.tile(value / 2, 2) if gates == 4 else value.reshape(-1)
    parts = np.split(value, gates, axis=1)
    if name.startswith("recurrent"):
        return np.concatenate([part.T for part in parts], axis=1)
    return np.concatenate([np.ravel(part, order="F").reshape(part.shape) for part in parts], axis=1)


def test_the_state_of_random_generators_beside_the_weights_is_passed_over(tmp_path, tools, clean_keras):
    original = tools.randomize(k2.Sequential([k2.Input((6, 6, 3)), L.RandomFlip(name="flip"), L.Conv2D(2, 3)]))
    path = tmp_path / "m.h5"
    original.save(path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/flip"]
        group.attrs["weight_names"] = [b"flip/StateVar:0"]
        group["flip/StateVar:0"] = np.zeros(3, "int64")
    opened = open_model(path)
    values = tools.random_inputs(opened.inputs)
    tools.assert_close(tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values))


def test_a_list_of_names_too_long_for_one_attribute_is_put_together(tmp_path, tools, clean_keras):
    original = tools.randomize(chain())
    path = tmp_path / "m.h5"
    original.save(path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        names = list(group.attrs["layer_names"])
        del group.attrs["layer_names"]
        group.attrs["layer_names0"], group.attrs["layer_names1"] = names[:2], names[2:]
    opened = open_model(path)
    values = tools.random_inputs(opened.inputs)
    tools.assert_close(tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values))


def node(op, attributes=None):
    return json.dumps({"name": op, "op": op, "input": ["a", "b"], "attr": attributes or {}})


def test_the_graph_nodes_of_tensorflow_2_0_become_ops(tmp_path, tools, clean_keras):
    import tensorflow as tf

    i = k2.Input((4, 6), name="i")
    x = L.Dense(6, name="d")(i)
    original = tools.randomize(k2.Model(i, tf.nn.relu6(x + 3.0)[:, 1:] * 0.5))
    path = tmp_path / "m.h5"
    original.save(path)

    def layer(name, node_def, constants, inbound):
        config = {"name": name, "trainable": True, "dtype": "float32", "node_def": node_def, "constants": constants}
        node = [[inbound, 0, 0, {}]]
        return {"class_name": "TensorFlowOpLayer", "config": config, "name": name, "inbound_nodes": [node]}

    def patch(config):
        network = config["config"]
        masks = {"begin_mask": {"i": "1"}, "end_mask": {"i": "3"}, "shrink_axis_mask": {"i": "0"}}
        slices = {"1": [0, 1], "2": [0, 0], "3": [1, 1]}
        network["layers"] = [one for one in network["layers"] if one["class_name"] in ("InputLayer", "Dense")] + [
            layer("tf_op_layer_add", node("AddV2"), {"1": 3.0}, "d"),
            layer("tf_op_layer_relu6", node("Relu6"), {}, "tf_op_layer_add"),
            layer("tf_op_layer_slice", node("StridedSlice", masks), slices, "tf_op_layer_relu6"),
            layer("tf_op_layer_mul", node("Mul"), {"1": 0.5}, "tf_op_layer_slice"),
        ]
        network["output_layers"] = [["tf_op_layer_mul", 0, 0]]

    tools.patch_config(path, patch)
    opened = open_model(path)
    values = tools.random_inputs(opened.inputs)
    tools.assert_close(tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values))


def test_weights_of_equal_shape_are_told_apart_by_name(tmp_path, tools, clean_keras):
    """A nested network saved while frozen in part, whose flags say otherwise: the order then misleads."""
    inner = k2.Sequential([L.Dense(4, input_shape=(4,), name="one"), L.BatchNormalization(), L.Dense(4, name="two")])
    i = k2.Input((4,))
    original = tools.randomize(k2.Model(i, inner(i)))
    inner.get_layer("one").trainable = False
    path = tmp_path / "m.h5"
    original.save(path)

    def forget(config):
        for layer in layers_of(config, "Sequential")[0]["config"]["layers"]:
            layer["config"].pop("trainable", None)

    tools.patch_config(path, forget)
    opened = open_model(path)
    values = tools.random_inputs(opened.inputs)
    tools.assert_close(tools.outputs_of(original, values), tools.outputs_of(opened.keras_model, values))


def saved_chain(path, tools):
    tools.randomize(chain()).save(path)
    return path


def test_a_missing_weight_is_an_error(tmp_path, tools, clean_keras):
    path = saved_chain(tmp_path / "m.h5", tools)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/dense"]
        group.attrs["weight_names"] = group.attrs["weight_names"][:1]
    with pytest.raises(InputError, match="the layer dense needs 2 weights, but the file has 1"):
        open_model(path)


def test_a_weight_of_another_shape_is_an_error(tmp_path, tools, clean_keras):
    path = saved_chain(tmp_path / "m.h5", tools)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/dense/dense"]
        del group["kernel:0"]
        group["kernel:0"] = np.zeros((4, 5), "float32")
    with pytest.raises(InputError, match=r"the weights of the layer dense do not fit: it needs kernel\(5, 4\)"):
        open_model(path)


def test_a_left_over_weight_is_an_error(tmp_path, tools, clean_keras):
    path = saved_chain(tmp_path / "m.h5", tools)
    with h5py.File(path, "r+") as file:
        weights = file["model_weights"]
        weights.copy("dense", "surplus")
        weights.attrs["layer_names"] = [*map(str, weights.attrs["layer_names"]), "surplus"]
    with pytest.raises(InputError, match="weights for the layer surplus, which the network in it does not have"):
        open_model(path)


@pytest.mark.parametrize(
    ("layer", "options", "message"),
    [
        ("Dense", {"kernel_quantizer": "int4"}, "has the option kernel_quantizer='int4'"),
        ("BatchNormalization", {"renorm": True}, "has renorm=True, which Keras 3 cannot do"),
        ("BatchNormalization", {"axis": [1, 2]}, "normalizes over several axes"),
    ],
)
def test_an_option_that_cannot_be_kept_is_an_error(layer, options, message, tmp_path, tools, clean_keras):
    path = saved_chain(tmp_path / "m.h5", tools)
    tools.patch_config(path, lambda config: layers_of(config, layer)[0]["config"].update(options))
    with pytest.raises(InputError, match=message):
        open_model(path)


def test_an_op_without_a_counterpart_is_named(tmp_path, tools, clean_keras):
    import tensorflow as tf

    i = k2.Input((8,))
    path = tmp_path / "m.h5"
    k2.Model(i, tf.math.real(tf.signal.fft(tf.cast(i, tf.complex64)))).save(path)
    with pytest.raises(InputError, match=r"the op tf\.signal\.fft, which cannot be rebuilt"):
        open_model(path)
