"""The pure steps: layer configurations, references between layers, names, shapes, weights of cuDNN."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.models.cudnn import from_cudnn
from edgecomp.models.layer_configs import plain, translate
from edgecomp.models.names import archive_names, snake_case, unique_names
from edgecomp.models.network_config import Reference, call_references, parse_network
from edgecomp.models.network_inputs import sequential_input
from edgecomp.models.signature import InputShapes, legal_name, unique_legal_names

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "_CONSTANT_VALUE", "config", ""]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["class_name", "config", "name", "items", "args", "kwargs"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def network(layers, inputs=(("a", 0, 0),), outputs=(("b", 0, 0),)):
    return {
        "name": "n",
        "layers": [
            {"class_name": "InputLayer", "name": "a", "config": {"name": "a"}, "inbound_nodes": []},
            *({"class_name": "Add", "name": name, "config": {}, "inbound_nodes": nodes} for name, nodes in layers),
        ],
        "input_layers": [list(one) for one in inputs],
        "output_layers": [list(one) for one in outputs],
    }


@pytest.mark.parametrize(
    "node",
    [
        [["a", 0, 0, {"y": 2.0}]],
        ["a", 0, 0, {"y": 2.0}],
        {
            "args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["a", 0, 0]}}],
            "kwargs": {"y": 2.0},
        },
    ],
)
def test_every_way_to_write_a_call_means_the_same(node):
    (call,) = parse_network(network([("b", [node])])).layers["b"].calls
    assert call.args == (Reference("a", 0, 0),)
    assert call.kwargs == {"y": 2.0}


def test_references_inside_arguments_are_found_but_lists_like_them_are_not():
    node = [["a", 0, 0, {"y": ["a", 0, 0], "shape": ["other", 0, 0], "sizes": [1, 2, 3]}]]
    (call,) = parse_network(network([("b", [node])])).layers["b"].calls
    assert call.kwargs == {"y": Reference("a", 0, 0), "shape": ["other", 0, 0], "sizes": [1, 2, 3]}
    assert list(call_references(call)) == [Reference("a", 0, 0)] * 2


@pytest.mark.parametrize("first", [0, 1])
def test_calls_are_counted_from_the_lowest_that_is_used(first):
    nested = ("m", [[["a", 0, 0, {}]], [["a", 0, 0, {}]]])
    last = ("b", [[["m", first, 0, {}], ["m", first + 1, 0, {}]]])
    assert parse_network(network([nested, last])).layers["m"].first_call == first


@pytest.mark.parametrize("outputs", [["b", 0, 0], [["b", 0, 0]], [[["b", 0, 0]]], {"x": ["b", 0, 0]}])
def test_outputs_nested_in_any_way_are_the_same(outputs):
    config = {**network([("b", [[["a", 0, 0, {}]]])]), "output_layers": outputs}
    assert parse_network(config).outputs == (Reference("b", 0, 0),)


@given(JSON, JSON, JSON)
def test_no_description_makes_parsing_fail_in_another_way(node, inputs, outputs):
    config = {**network([("b", [node])]), "input_layers": inputs, "output_layers": outputs}
    try:
        parsed = parse_network(config)
    except InputError:
        return
    assert set(parsed.layers) == {"a", "b"}


@given(JSON)
def test_plain_values_stay_what_they_are(value):
    text = json.dumps(value)
    if "class_name" not in text:
        assert plain(value) == value


def test_the_wrappers_of_json_are_undone():
    assert plain({"class_name": "__tuple__", "items": [1, {"class_name": "TensorShape", "items": [None, 2]}]}) == (
        1,
        (None, 2),
    )
    assert plain({"type": "ndarray", "value": 6.0}) == 6.0
    assert plain({"class_name": "__slice__", "config": {"start": 1, "stop": None, "step": 2}}) == slice(1, None, 2)


@pytest.mark.parametrize(
    ("class_name", "config", "expected_class", "expected"),
    [
        ("LeakyReLU", {"alpha": 0.1}, "LeakyReLU", {"negative_slope": 0.1}),
        ("LeakyReLU", {}, "LeakyReLU", {"negative_slope": 0.3}),
        ("ThresholdedReLU", {"theta": 0.5}, "ReLU", {"threshold": 0.5}),
        ("BatchNormalizationV1", {"axis": [3], "fused": True}, "BatchNormalization", {"axis": 3}),
        ("DepthwiseConv2D", {"groups": 1, "kernel_size": [3, 3]}, "DepthwiseConv2D", {"kernel_size": [3, 3]}),
        ("GRU", {"units": 2, "time_major": False, "implementation": 2}, "GRU", {"units": 2, "reset_after": False}),
        ("Custom>FixedDropout", {"rate": 0.2, "noise_shape": [None, 1]}, "Dropout", {"rate": 0.2}),
        ("RandomHeight", {"factor": 0.2, "name": "r"}, "Identity", {"name": "r"}),
        ("Dense", {"units": 2, "dtype": "float16", "kernel_initializer": "gone"}, "Dense", {"units": 2}),
        ("Embedding", {"input_dim": 9, "input_length": 4}, "Embedding", {"input_dim": 9}),
    ],
)
def test_a_keras_2_configuration_becomes_that_of_keras_3(class_name, config, expected_class, expected):
    before = json.dumps(config)
    translated = translate(class_name, config)
    assert (translated.class_name, translated.config) == (expected_class, expected)
    assert json.dumps(config) == before


def test_a_configuration_of_keras_3_keeps_its_meaning():
    config = {"activation": "hard_sigmoid", "units": 2, "kernel_initializer": "zeros"}
    assert translate("GRU", config, by_keras3=True).config == {"activation": "hard_sigmoid", "units": 2}


@given(st.lists(st.text("ab/_", min_size=1, max_size=4), unique=True, max_size=8))
def test_names_for_keras_3_are_unique_and_without_slashes(names):
    renamed = unique_names(names)
    assert list(renamed) == names
    assert len(set(renamed.values())) == len(names)
    assert not any("/" in name for name in renamed.values())


@given(st.lists(st.text(max_size=5), max_size=6))
def test_names_of_a_signature_are_unique_and_legal(names):
    legal = unique_legal_names(names)
    assert len(set(legal)) == len(names)
    assert all(name.isascii() and name.isidentifier() for name in legal)


def test_layers_in_an_archive_are_numbered_by_class():
    assert archive_names(["Conv2D", "BatchNormalization", "Conv2D", "Custom>ReLU", "LSTM"]) == [
        "conv2d",
        "batch_normalization",
        "conv2d_1",
        "re_lu",
        "lstm",
    ]
    assert snake_case("SeparableConv2D") == "separable_conv2d"


def test_the_input_of_a_sequential_is_found_at_any_depth():
    dense = {"class_name": "Dense", "config": {"name": "d", "batch_input_shape": [None, 4], "dtype": "float32"}}
    inner = {"class_name": "Sequential", "config": {"name": "s", "layers": [dense]}}
    assert sequential_input({"layers": [inner]}) == ("d_input", "float32", (None, 4))
    assert sequential_input({"layers": [{"class_name": "Dense", "config": {"name": "d"}}]})[2] is None


@given(st.lists(st.none() | st.integers(1, 9), min_size=1, max_size=4), st.data())
def test_given_sizes_fill_open_ones_and_contradict_none(shape, data):
    given_shape = tuple(size or data.draw(st.integers(1, 9)) for size in shape)
    fixed = InputShapes(given_shape).fix("x", (None, *shape))
    assert fixed == (None, *given_shape)
    changed = tuple(size + 1 for size in given_shape)
    if any(size is not None for size in shape):
        with pytest.raises(InputError):
            InputShapes(changed).fix("x", (None, *shape))


def test_a_name_that_starts_with_a_digit_becomes_legal():
    assert legal_name("1x:0") == "_1x_0"


@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([3, 4]), st.integers(0, 99))
def test_kernels_of_cudnn_are_brought_back(inputs, units, gates, seed):
    kernel = np.random.default_rng(seed).normal(size=(inputs, gates * units)).astype("float32")
    parts = np.split(kernel, gates, axis=1)
    stored = np.concatenate([np.ravel(part, order="F").reshape(part.shape) for part in parts], axis=1)
    np.testing.assert_array_equal(from_cudnn(stored, "kernel", gates), kernel)
