"""Zeros stay zero and shared values stay shared while the rest is trained."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from edgecomp.qat.network import FakeQuantNetwork
from edgecomp.qat.structure import structure_of
from edgecomp.tflite import read_tflite


def _model(change: Any) -> Any:
    """Two dense layers; `change` makes the first one's kernel of a random one."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((24,), name="row")
    first = layers.Dense(32, activation="relu", name="first")
    model = keras.Model(inputs, layers.Dense(3, name="second")(first(inputs)))
    kernel, bias = first.get_weights()
    first.set_weights([change(kernel), bias])
    return model


def _trained_kernel(prepared: Any, **options: Any) -> np.ndarray:
    """The first layer's weights after some steps towards noise."""
    import tensorflow as tf

    network = FakeQuantNetwork(prepared.plan, **options)
    rows = np.concatenate([one["row"] for one in prepared.samples])
    wanted = np.random.default_rng(1).normal(size=(len(rows), 3)).astype(np.float32)
    optimizer = keras.optimizers.Adam(0.02)
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(network(rows) - wanted))
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    graph = read_tflite(network.trained_file()).main
    return np.array(graph.tensors[graph.operators[0].inputs[1]].values())


def _sparse(kernel: np.ndarray) -> np.ndarray:
    return np.where(np.abs(kernel) < np.quantile(np.abs(kernel), 0.7), 0, kernel)


def _clustered(kernel: np.ndarray) -> np.ndarray:
    return np.round(kernel / np.abs(kernel).max() * 7) / 7


def test_zeros_stay_zero_and_the_rest_moves(prepare: Any) -> None:
    prepared = prepare(_model(_sparse))
    first = prepared.plan.network.main
    start = first.tensors[first.operators[0].inputs[1]].values()
    kernel = _trained_kernel(prepared)
    np.testing.assert_array_equal(kernel == 0, start == 0)
    assert np.mean(kernel[start != 0] != start[start != 0]) > 0.9


def test_zeros_train_where_structure_is_not_kept(prepare: Any) -> None:
    assert np.mean(_trained_kernel(prepare(_model(_sparse)), keep_structure=False) == 0) < 0.1


def test_shared_values_stay_shared(prepare: Any) -> None:
    prepared = prepare(_model(_clustered))
    first = prepared.plan.network.main
    start = first.tensors[first.operators[0].inputs[1]].values()
    kernel = _trained_kernel(prepared)
    assert len(np.unique(kernel)) <= len(np.unique(start))
    assert not np.array_equal(kernel, start)
    for value in np.unique(start):
        assert len(np.unique(kernel[start == value])) == 1


@pytest.mark.parametrize("zeros", [0.0, 0.005])
def test_ordinary_weights_are_free(zeros: float) -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(40, 40)).astype(np.float32) * (rng.random((40, 40)) >= zeros)
    found = structure_of(weights)
    assert found.codes is None
    assert found.kept is None


def test_few_weights_are_no_codebook() -> None:
    assert structure_of(np.arange(60, dtype=np.float32).reshape(6, 10)).codes is None
