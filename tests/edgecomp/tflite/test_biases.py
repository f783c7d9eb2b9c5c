"""A bias that is added changes nothing until it is given values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edgecomp.tflite import read_tflite, with_constants
from edgecomp.tflite.biases import NewBias, with_biases


@pytest.fixture(scope="module")
def dense(export: Any) -> bytes:
    """A dense layer without a bias."""
    import keras

    inputs = keras.Input((6,), name="x")
    _, file = export(keras.Model(inputs, keras.layers.Dense(4, use_bias=False, name="y")(inputs)))
    return bytes(file)


def run(file: bytes) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(1, 6)).astype(np.float32)
    (result,) = Interpreter(model_content=file).get_signature_runner("serving_default")(x=values).values()
    return np.asarray(result)


def test_a_new_bias_is_zero_and_works(dense: bytes) -> None:
    before = read_tflite(dense).main
    with_bias = with_biases(dense, [NewBias(0, 2, "added", 4, "float32", ())])
    np.testing.assert_array_equal(run(with_bias), run(dense))
    after = read_tflite(with_bias).main
    assert after.tensors[: len(before.tensors)] == before.tensors
    bias = after.tensors[after.operators[0].inputs[2]]
    assert (bias.name, bias.shape, bias.dtype) == ("added", (4,), "float32")
    shifted = with_constants(with_bias, {bias.index: np.arange(4, dtype=np.float32)})
    np.testing.assert_allclose(run(shifted), run(dense) + np.arange(4), rtol=1e-5)


def test_an_integer_bias_has_its_scale(dense: bytes) -> None:
    graph = read_tflite(with_biases(dense, [NewBias(0, 2, "added", 4, "int32", (0.5, 0.25, 1.0, 2.0))])).main
    bias = graph.tensors[graph.operators[0].inputs[2]]
    assert bias.dtype == "int32"
    assert bias.quantization is not None
    assert bias.quantization.scale == (0.5, 0.25, 1.0, 2.0)
    assert set(bias.quantization.zero_point) == {0}


def test_nothing_to_add_leaves_the_file(dense: bytes) -> None:
    assert with_biases(dense, []) == dense
