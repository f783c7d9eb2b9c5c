"""Strided 1x1 convolutions: the same numbers and gradients, and a process that survives them."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.models.safe_gradients import safe_gradients

LAYERS = {
    "Conv1D": lambda stride: keras.layers.Conv1D(5, 1, strides=stride, padding="same", activation="relu"),
    "Conv2D": lambda stride: keras.layers.Conv2D(5, 1, strides=stride, padding="same", use_bias=False),
    "Conv2D, grouped": lambda stride: keras.layers.Conv2D(6, 1, strides=stride, groups=3),
    "Conv3D": lambda stride: keras.layers.Conv3D(5, 1, strides=stride),
    "DepthwiseConv1D": lambda stride: keras.layers.DepthwiseConv1D(1, strides=stride, padding="same"),
    "DepthwiseConv2D": lambda stride: keras.layers.DepthwiseConv2D(1, strides=stride, depth_multiplier=2),
    "SeparableConv1D": lambda stride: keras.layers.SeparableConv1D(4, 1, strides=stride),
    "SeparableConv2D": lambda stride: keras.layers.SeparableConv2D(4, 1, strides=stride, padding="same"),
}

TRAIN = """
import keras, numpy as np, tensorflow as tf
from edgecomp.models.safe_gradients import safe_gradients
inputs = keras.Input([28, 28, 8])
network = keras.Model(inputs, keras.layers.Conv2D(16, 1, strides=2)(inputs))
data = np.ones([1, 28, 28, 8], np.float32)

@tf.function
def gradients():
    with {block}tf.GradientTape() as tape:
        loss = tf.reduce_sum(network(data) ** 2)
    return tape.gradient(loss, network.trainable_variables)

for _ in range(20):
    gradients()
"""


def _network(name: str, size: int, stride: int) -> keras.Model:
    places = 1 if "1D" in name else 3 if "3D" in name else 2
    inputs = keras.Input([size] * places + [3])
    return keras.Model(inputs, LAYERS[name](stride)(inputs))


@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=5)
@given(size=st.integers(1, 9), stride=st.integers(2, 3), seed=st.integers(0, 99))
def test_numbers_are_those_of_the_layer(name: str, size: int, stride: int, seed: int) -> None:
    network = _network(name, size, stride)
    data = np.random.default_rng(seed).normal(size=[2, *network.input_shape[1:]]).astype(np.float32)
    before = np.asarray(network(data))
    with safe_gradients(network):
        inside = np.asarray(network(data))
    np.testing.assert_allclose(inside, before, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(network(data)), before)


def test_a_layer_is_as_it_was_behind_the_block_even_after_an_error() -> None:
    network = _network("Conv2D", 8, 2)
    with pytest.raises(RuntimeError), safe_gradients(network, network), safe_gradients(network):
        raise RuntimeError
    layer = network.layers[1]
    assert "call" not in vars(layer)
    assert layer.strides == (2, 2)


def test_networks_in_networks_are_safe_and_compiled_functions_stay_so() -> None:
    inner = _network("Conv2D", 8, 2)
    inputs = keras.Input([8, 8, 3])
    network = keras.Model(inputs, inner(inputs))
    compiled = tf.function(lambda data: network(data))
    with safe_gradients(network):
        graph = compiled.get_concrete_function(tf.TensorSpec([1, 8, 8, 3])).graph
    nodes = [node for function in [graph, *graph._functions.values()] for node in _nodes(function)]
    assert [list(one.attr["strides"].list.i) for one in nodes if one.op == "Conv2D"] == [[1, 1, 1, 1]]


def _nodes(function) -> list:  # type: ignore[no-untyped-def]
    return list(getattr(function, "as_graph_def", lambda: function.definition)().node)


def test_other_layers_are_left_alone() -> None:
    inputs = keras.Input([8, 8, 3])
    values = keras.layers.Conv2D(4, 3, strides=2)(inputs)
    network = keras.Model(inputs, keras.layers.Conv2DTranspose(4, 1, strides=2)(keras.layers.Conv2D(4, 1)(values)))
    with safe_gradients(network):
        assert not [layer.name for layer in network.layers if "call" in vars(layer)]


def test_the_process_survives() -> None:
    """Without the block it ends with a broken heap on processors for which oneDNN has a kernel of its own."""
    done = subprocess.run([sys.executable, "-c", TRAIN.format(block="safe_gradients(network), ")], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
