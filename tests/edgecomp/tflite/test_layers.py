"""From tensor names back to Keras layers."""

from __future__ import annotations

from typing import Any

import pytest

from edgecomp.tflite import read_tflite
from edgecomp.tflite.layers import layer_of, operator_layers, tensor_layers


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("functional_1/block_1_conv1_1/convolution", "block_1_conv1"),
        ("functional_1/relu_1/Relu;functional_1/bn_1/batchnorm/add_1;functional_1/conv_1/convolution", "conv"),
        ("functional_1/relu_1/Relu;functional_1/add_1/Add", "relu"),
        ("StatefulPartitionedCall/net_1/dense_1/MatMul1", "dense"),
        ("StatefulPartitionedCall_1:0", None),
        ("Identity", None),
        ("arith.constant7", None),
        ("", None),
        (";;/;", None),
    ],
)
def test_names_alone(name: str, layer: str | None) -> None:
    assert layer_of(name) == layer


def test_known_layers_settle_what_a_number_means() -> None:
    known = ["dense", "dense_1", "dense_12"]
    assert layer_of("net_1/dense_1/MatMul", known) == "dense"
    assert layer_of("net_1/dense_1_1/MatMul", known) == "dense_1"
    assert layer_of("net_1/dense_12_1/MatMul", known) == "dense_12"
    assert layer_of("net_1/other_1/MatMul", known) is None


def test_known_layers_are_found_inside_nested_models() -> None:
    assert layer_of("outer_1/inner_1/conv_1/convolution", ["inner", "conv"]) == "conv"


def test_an_operation_that_is_called_like_the_first_layer_of_its_kind_is_no_layer() -> None:
    known = ["separable_conv2d", "separable_conv2d_1", "mixed", "inner"]
    assert layer_of("net_1/separable_conv2d_1/separable_conv2d/depthwise", known) == "separable_conv2d"
    assert layer_of("net_1/separable_conv2d_1_2/separable_conv2d/depthwise", known) == "separable_conv2d_1"
    assert layer_of("net_1/separable_conv2d_1_2/separable_conv2d", known) == "separable_conv2d_1"
    assert layer_of("net_1/mixed_1/separable_conv2d", known) == "mixed"
    assert layer_of("net_1/inner_1/separable_conv2d_1_1/separable_conv2d", known) == "separable_conv2d_1"
    assert layer_of("net_1/separable_conv2d_1/Relu", known) == "separable_conv2d"


@pytest.mark.parametrize("scheme", ["float32", "float16", "dynamic", "int8"])
def test_operators_of_real_files(files: Any, scheme: str) -> None:
    graph = read_tflite(getattr(files, scheme)).main
    names = [layer.name for layer in files.keras_model.layers]
    found = dict(zip((one.name for one in graph.operators), operator_layers(graph, names), strict=True))
    assert found["DEPTHWISE_CONV_2D"] == "left_depthwise"
    assert found["ADD"] == "join"
    assert found["TRANSPOSE_CONV"] == "up"
    assert found["MEAN"] == "pool"
    assert found["FULLY_CONNECTED"] == "scores"


def test_tensors_of_a_real_file(files: Any) -> None:
    assert set(tensor_layers(read_tflite(files.float32)).values()) >= {"stem", "left_depthwise", "join", "up", "scores"}
