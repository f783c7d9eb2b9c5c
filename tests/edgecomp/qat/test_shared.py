"""Networks whose weights share few values: what is trained is what the INT8 file has."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.qat.check import check_float, match
from edgecomp.qat.network import FakeQuantNetwork
from edgecomp.qat.shared import SharedValues
from edgecomp.tflite import read_tflite

from .integer_files import file_of, integers_of
from .test_agreement import NETWORKS
from .test_structure import _model, _sparse


def _disturbed(prepared: Any, shared: SharedValues) -> FakeQuantNetwork:
    """A network whose weights, levels, steps, biases and ranges are all other than at first."""
    network, rng = FakeQuantNetwork(prepared.plan, fewer=shared), np.random.default_rng(3)
    for variable in network.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.1, variable.shape))
    return network


@pytest.mark.parametrize("kind", ["plain", "residual", "mobile", "dense", "upsampling"])
def test_the_file_computes_what_was_trained_with_few_values_in_each_layer(kind: str, prepare: Any) -> None:
    keras.utils.set_random_seed(2)
    prepared = prepare(NETWORKS[kind](keras, keras.layers))
    network = _disturbed(prepared, SharedValues(4))
    check_float(network, prepared.samples)
    file = file_of(prepared, network)
    counts = {name: len(np.unique(one)) for name, one in integers_of(file).items() if one.size >= 4 * 8}
    assert counts
    assert max(counts.values()) <= 4
    found = match(network, file, prepared.samples)
    assert found.mean_difference < 0.4
    if kind != "upsampling":  # which gives a value for each pixel, no classes
        assert found.agreement > 0.99


def test_the_integers_of_the_file_are_the_levels_that_were_trained(prepare: Any) -> None:
    prepared = prepare(_model(lambda kernel: kernel))
    network = _disturbed(prepared, SharedValues(6))
    stored = integers_of(file_of(prepared, network))
    reach = network.weight_reach()
    assert set(reach) == set(stored) or set(reach) < set(stored)
    plain = {one.name: one.values() for one in read_tflite(network.trained_file()).main.tensors if one.is_constant}
    for name, bound in reach.items():
        np.testing.assert_array_equal(stored[name], np.rint(plain[name] / (bound / 127)))


def test_zeros_are_kept_apart_and_stay(prepare: Any) -> None:
    prepared = prepare(_model(_sparse))
    first = prepared.plan.network.main
    start = first.tensors[first.operators[0].inputs[1]].values()
    stored = integers_of(file_of(prepared, _disturbed(prepared, SharedValues(4))))
    integers = next(one for one in stored.values() if one.shape == start.shape)
    assert (integers[start == 0] == 0).all()
    assert 2 <= len(np.unique(integers[integers != 0])) <= 4


def test_small_layers_keep_all_their_values(prepare: Any) -> None:
    prepared = prepare(_model(lambda kernel: kernel))
    stored = integers_of(file_of(prepared, _disturbed(prepared, SharedValues(32))))
    assert {one.size: len(np.unique(one)) <= 32 for one in stored.values()} == {24 * 32: True, 32 * 3: False}


def test_the_rate_makes_weights_cheaper(prepare: Any) -> None:
    prepared = prepare(_model(lambda kernel: kernel))
    assert _bits_after_training(prepared, rate=1.0) < 0.8 * _bits_after_training(prepared, rate=0.0)


def _bits_after_training(prepared: Any, rate: float) -> float:
    """What a weight of the largest layer takes, by its entropy."""
    import tensorflow as tf

    network = FakeQuantNetwork(prepared.plan, fewer=SharedValues(8, rate=rate))
    rows = np.concatenate([one["row"] for one in prepared.samples])
    wanted = np.asarray(network(rows))
    variables = network.trainable_variables
    optimizer = keras.optimizers.Adam(0.02)
    optimizer.build(variables)

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(network(rows) - wanted)) + sum(network.losses)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    for _ in range(80):
        step()
    integers = max(integers_of(file_of(prepared, network)).values(), key=np.size)
    shares = np.unique(integers, return_counts=True)[1] / integers.size
    return float(-(shares * np.log2(shares)).sum())


def test_one_step_for_all_channels_where_the_target_wants_that(prepare: Any) -> None:
    prepared = prepare(_model(lambda kernel: kernel)).with_options(per_tensor_weights=True)
    network = _disturbed(prepared, SharedValues(6))
    file = file_of(prepared, network)
    assert match(network, file, prepared.samples).mean_difference < 0.4
    assert len(np.unique(max(integers_of(file).values(), key=np.size))) <= 6


@pytest.mark.parametrize("count", [0, 1, 257])
def test_counts_that_int8_cannot_have_are_refused(count: int) -> None:
    with pytest.raises(InputError, match="2 to 256"):
        SharedValues(count)
