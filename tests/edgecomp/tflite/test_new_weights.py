"""New integers on new scales: the file computes with them, biases stay what they were worth, all else stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import NewWeights, Tensor, align_buffers, read_tflite, with_weights

SAMPLES = [{"x": one} for one in np.random.default_rng(0).normal(size=(8, 1, 8, 8, 4)).astype(np.float32)]


@pytest.fixture(scope="module")
def network(export: Any) -> bytes:
    """A convolution, a depthwise one and a dense layer, in int8 with float edges."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 4), name="x")
    value = layers.Conv2D(6, 3, activation="relu", bias_initializer="uniform", name="conv")(inputs)
    value = layers.DepthwiseConv2D(3, bias_initializer="uniform", name="depthwise")(value)
    value = layers.Dense(5, bias_initializer="uniform", name="dense")(layers.Flatten()(value))
    _, file = export(keras.Model(inputs, value))
    ranges = choose_ranges(observe(file, threads=1, stream=SAMPLES), "minmax", model=read_tflite(file))
    return align_buffers(quantize(file, scheme="int8", io="float", ranges=ranges))


def weights(file: bytes, name: str) -> Tensor:
    graph = read_tflite(file).main
    return graph.tensors[next(one for one in graph.operators if one.name == name).inputs[1]]


def outputs(run: Any, file: bytes) -> np.ndarray:
    return np.concatenate([next(iter(run(file, sample).values())) for sample in SAMPLES])


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_half_the_integers_on_twice_the_scale_give_nearly_the_same(name: str, network: bytes, run: Any) -> None:
    tensor = weights(network, name)
    assert tensor.quantization is not None
    scale = 2 * np.array(tensor.quantization.scale, np.float32)
    file = with_weights(network, {tensor.index: NewWeights((tensor.values() / 2).round().astype(np.int8), scale)})
    changed = weights(file, name)
    assert changed.quantization == replace(tensor.quantization, scale=tuple(scale.tolist()))
    exact = outputs(run, network)
    error = np.square(outputs(run, file) - exact).mean() / np.square(exact).mean()
    assert 0 < error < 0.01


def test_one_scale_serves_all_channels(network: bytes, run: Any) -> None:
    tensor = weights(network, "CONV_2D")
    assert tensor.quantization is not None
    scales = np.array(tensor.quantization.scale)
    common = float(scales.max())
    values = np.rint(tensor.values() * (scales / common).reshape(-1, 1, 1, 1)).astype(np.int8)
    file = with_weights(network, {tensor.index: NewWeights(values, np.array([common], np.float32))})
    changed = weights(file, "CONV_2D")
    assert changed.quantization is not None
    assert set(changed.quantization.scale) == {np.float32(common)}
    exact = outputs(run, network)
    assert np.square(outputs(run, file) - exact).mean() < 0.01 * np.square(exact).mean()


def test_all_else_stays(network: bytes) -> None:
    tensor = weights(network, "CONV_2D")
    assert tensor.quantization is not None
    before = read_tflite(network)
    after = read_tflite(
        with_weights(network, {tensor.index: NewWeights(-tensor.values(), np.array(tensor.quantization.scale))})
    )
    np.testing.assert_array_equal(after.main.tensors[tensor.index].values(), -tensor.values())
    assert (before.main.operators, before.signatures) == (after.main.operators, after.signatures)
    for old, new in zip(before.main.tensors, after.main.tensors, strict=True):
        if old.index != tensor.index:
            assert replace(old, buffer_index=0) == replace(new, buffer_index=0)


def test_nothing_new_leaves_the_file(network: bytes) -> None:
    assert with_weights(network, {}) == network


@pytest.mark.parametrize(
    ("scale", "words"),
    [([0.1, 0.2], "6 scales"), ([0.0], "positive"), ([float("nan")], "positive"), ([1e-30], "does not fit")],
)
def test_scales_that_do_not_fit_are_refused(scale: list[float], words: str, network: bytes) -> None:
    tensor = weights(network, "CONV_2D")
    with pytest.raises(InputError, match=words):
        with_weights(network, {tensor.index: NewWeights(tensor.values(), np.array(scale, np.float32))})


def test_what_is_no_weights_is_refused(network: bytes) -> None:
    graph = read_tflite(network).main
    conv = next(one for one in graph.operators if one.name == "CONV_2D")
    for index in (conv.inputs[0], conv.inputs[2], conv.outputs[0]):
        with pytest.raises(InputError, match="weights"):
            with_weights(network, {index: NewWeights(np.zeros(graph.tensors[index].shape, np.int8), np.ones(1))})


def test_integers_of_another_shape_are_refused(network: bytes) -> None:
    tensor = weights(network, "CONV_2D")
    with pytest.raises(InputError, match="cannot replace"):
        with_weights(network, {tensor.index: NewWeights(np.zeros((1, 2), np.int8), np.ones(1, np.float32))})
