"""What is trained is what the INT8 file computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.qat.check import check_float, match
from edgecomp.tflite import read_tflite


def _plain(keras: Any, layers: Any) -> Any:
    inputs = keras.Input((12, 12, 3), name="photo")
    value = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(inputs)
    value = layers.ReLU()(layers.BatchNormalization()(value))
    value = layers.MaxPooling2D(2)(layers.Conv2D(16, 3, padding="same", activation="relu")(value))
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(layers.Flatten()(value)))


def _residual(keras: Any, layers: Any) -> Any:
    inputs = keras.Input((10, 10, 3), name="photo")
    value = layers.Conv2D(12, 3, padding="same", activation="relu")(inputs)
    for _ in range(2):
        other = layers.Conv2D(12, 3, padding="same", activation="relu")(value)
        value = layers.ReLU()(layers.Add()([value, layers.Conv2D(12, 3, padding="same")(other)]))
    joined = layers.Concatenate()([layers.AveragePooling2D(2)(value), layers.MaxPooling2D(2)(value)])
    return keras.Model(inputs, layers.Dense(6)(layers.GlobalAveragePooling2D()(joined)))


def _mobile(keras: Any, layers: Any) -> Any:
    inputs = keras.Input((12, 12, 3), name="photo")
    value = layers.ReLU(6.0)(layers.Conv2D(8, 3, strides=2, padding="same")(inputs))
    for stride in (1, 2):
        other = layers.ReLU(6.0)(layers.Conv2D(24, 1)(value))
        other = layers.DepthwiseConv2D(3, strides=stride, padding="same")(other)
        other = layers.Conv2D(8, 1)(layers.ReLU(6.0)(other))
        value = layers.Add()([value, other]) if stride == 1 else other
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(value)))


def _squeeze_excite(activation: str) -> Callable[[Any, Any], Any]:
    def build(keras: Any, layers: Any) -> Any:
        inputs = keras.Input((10, 10, 3), name="photo")
        value = layers.Conv2D(16, 3, padding="same", activation=activation)(inputs)
        gate = layers.GlobalAveragePooling2D(keepdims=True)(value)
        gate = layers.Conv2D(16, 1, activation="sigmoid")(layers.Conv2D(4, 1, activation=activation)(gate))
        value = layers.Conv2D(16, 3, strides=2, activation=activation)(layers.Multiply()([value, gate]))
        return keras.Model(inputs, layers.Dense(5, activation="softmax")(layers.Flatten()(value)))

    return build


def _dense(keras: Any, layers: Any) -> Any:
    inputs = keras.Input((20,), name="row")
    value = layers.Dense(32, activation="relu")(inputs)
    value = layers.Dense(32, activation="tanh", use_bias=False)(value)
    return keras.Model(inputs, layers.Dense(3)(layers.Dense(16, activation="relu")(value)))


def _two_of_each(keras: Any, layers: Any) -> Any:
    photo, row = keras.Input((8, 8, 2), name="photo"), keras.Input((4,), name="row")
    value = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(photo))
    joined = layers.Concatenate()([layers.Dense(8, activation="relu")(value), layers.Dense(8)(row)])
    return keras.Model([photo, row], [layers.Dense(3)(joined), layers.Dense(2, activation="sigmoid")(joined)])


def _upsampling(keras: Any, layers: Any) -> Any:
    inputs = keras.Input((8, 8, 3), name="photo")
    value = layers.MaxPooling2D(2)(layers.Conv2D(8, 3, padding="same", activation="relu6")(inputs))
    value = layers.Conv2DTranspose(8, 2, strides=2, activation="relu")(value)
    return keras.Model(inputs, layers.Conv2D(2, 1, name="mask")(layers.Concatenate()([value, inputs])))


NETWORKS = {
    "plain": _plain,
    "residual": _residual,
    "mobile": _mobile,
    "silu": _squeeze_excite("silu"),
    "hard_swish": _squeeze_excite("hard_swish"),
    "dense": _dense,
    "two of each": _two_of_each,
    "upsampling": _upsampling,
}


def _trained(prepared: Any, name: str = "fake_quant") -> Any:
    """A network whose weights, biases and ranges are all other than at first."""
    from edgecomp.qat.network import FakeQuantNetwork

    network, rng = FakeQuantNetwork(prepared.plan, name=name), np.random.default_rng(3)
    for variable in network.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.1, variable.shape))
    return network


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_int8_file_agrees_with_the_trained_network(kind: str, prepare: Any) -> None:
    import keras

    keras.utils.set_random_seed(2)
    prepared = prepare(NETWORKS[kind](keras, keras.layers))
    network = _trained(prepared)
    check_float(network, prepared.samples)
    file = prepared.quantize(network.trained_file(), network.ranges())
    found = match(network, file, prepared.samples)
    assert found.mean_difference < 0.4
    if kind != "upsampling":  # which gives a value for each pixel, no classes
        assert found.agreement >= 0.99


def test_float_edges_and_float_operators_stay_float(prepare: Any) -> None:
    import keras

    keras.utils.set_random_seed(2)
    first = prepare(NETWORKS["residual"](keras, keras.layers))
    graph = first.plan.network.main
    add = next(graph.tensors[one.outputs[0]].name for one in graph.operators if one.name == "ADD")
    prepared = first.with_options(io="float", float_operators=[add])
    network = _trained(prepared)
    file = prepared.quantize(network.trained_file(), network.ranges())
    assert {"QUANTIZE", "DEQUANTIZE"} <= {one.name for one in read_tflite(file).main.operators}
    found = match(network, file, prepared.samples)
    assert found.agreement > 0.99
    assert found.mean_difference < 1e-3  # of the largest output


def test_symmetric_activations_stay_symmetric(prepare: Any) -> None:
    import keras

    keras.utils.set_random_seed(2)
    prepared = prepare(NETWORKS["residual"](keras, keras.layers)).with_options(symmetric_activations=True)
    network = _trained(prepared)
    file = prepared.quantize(network.trained_file(), network.ranges())
    computed = [one for one in read_tflite(file).main.tensors if one.dtype == "int8" and one.quantization]
    assert {one.quantization.zero_point[0] for one in computed} == {0}
    assert match(network, file, prepared.samples).mean_difference < 0.2


def test_logits_are_what_the_softmax_reads(prepare: Any) -> None:
    import keras
    import tensorflow as tf

    from edgecomp.qat.network import FakeQuantNetwork

    prepared = prepare(NETWORKS["plain"](keras, keras.layers))
    network = FakeQuantNetwork(prepared.plan, logits=True)
    photo = np.concatenate([one["photo"] for one in prepared.samples])
    assert network.scored_by == ("SOFTMAX",)
    scores = network.compute(photo)[0]
    assert np.abs(tf.nn.softmax(network(photo)) - scores).max() <= 0.5 / 256 + 1e-6


def test_weights_can_be_taken_and_given_back(prepare: Any) -> None:
    import keras

    from edgecomp.qat.network import FakeQuantNetwork

    prepared = prepare(NETWORKS["dense"](keras, keras.layers))
    one, other = _trained(prepared), FakeQuantNetwork(prepared.plan)
    assert one.trained_file() != other.trained_file()
    other.set_weights(one.get_weights())
    assert one.trained_file() == other.trained_file()
    assert one.ranges() == other.ranges()


def test_an_untrained_network_leaves_file_and_ranges_as_they_were(prepare: Any) -> None:
    import keras

    from edgecomp.qat.network import FakeQuantNetwork

    prepared = prepare(NETWORKS["mobile"](keras, keras.layers))
    network = FakeQuantNetwork(prepared.plan)
    again = read_tflite(prepared.quantize(network.trained_file(), network.ranges())).main
    first = read_tflite(prepared.int8_file).main
    for one, other in zip(first.tensors, again.tensors, strict=True):
        assert one.name == other.name
        if one.quantization is not None:
            assert other.quantization is not None
            assert other.quantization.zero_point == one.quantization.zero_point
            assert other.quantization.scale == pytest.approx(one.quantization.scale, rel=1e-5)
