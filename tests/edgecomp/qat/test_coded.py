"""Weights in whole steps: what they become, what they cost, and which way steps go; and networks of such weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecomp.errors import InputError
from edgecomp.qat.check import match
from edgecomp.qat.coded import BEHIND, CodedWeights, Stored, in_steps, step_bits
from edgecomp.qat.network import FakeQuantNetwork
from edgecomp.tflite import read_tflite

from .integer_files import coarse, file_of, integers_of
from .test_structure import _model, _sparse

WEIGHTS = arrays(np.float32, (6, 5), elements=st.floats(-3, 3, width=32))


@settings(max_examples=60)
@given(weights=WEIGHTS, step=st.floats(0.01, 0.5))
def test_each_weight_is_a_whole_number_of_steps_that_int8_holds(weights: np.ndarray, step: float) -> None:
    steps = np.full((6, 1), step, np.float32)
    found = np.asarray(in_steps(tf.constant(weights), tf.constant(steps))) / steps
    np.testing.assert_allclose(found, np.rint(found), atol=1e-4)
    assert np.abs(found).max() <= 127 + 1e-3
    held = np.clip(weights / steps, -127, 127)
    assert np.abs(found - held).max() <= 0.5 + 1e-3


def test_a_step_has_the_gradient_of_what_a_coarser_one_would_cost() -> None:
    weights = np.random.default_rng(0).normal(size=(4, 20_000)).astype(np.float32)
    importance = np.array([[1.0], [2.0], [0.5], [4.0]], np.float32)
    steps = tf.Variable(np.full((4, 1), 0.2, np.float32))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(importance * tf.square(in_steps(tf.constant(weights), steps) - weights))
    # Rounding to steps has an error of a twelfth of a step's square, whatever is rounded.
    wanted = 20_000 * importance * 2 * 0.2 / 12
    np.testing.assert_allclose(tape.gradient(loss, steps), wanted, rtol=0.03)


def test_bits_are_the_entropy_and_their_gradient_makes_steps_coarser() -> None:
    weights = np.random.default_rng(1).laplace(size=(1, 20_000)).astype(np.float32)
    steps = tf.Variable([[0.5]])
    with tf.GradientTape() as tape:
        spent = step_bits(tf.constant(weights), steps)
    uses = np.unique(np.rint(weights / 0.5), return_counts=True)[1] / weights.size
    assert float(spent) == pytest.approx(-20_000 * (uses * np.log2(uses)).sum(), rel=1e-3)
    # Of so fine steps half as many would take a bit more each, nearly.
    assert float(tape.gradient(spent, steps)[0, 0]) == pytest.approx(-20_000 / np.log(2) / 0.5, rel=0.15)


def test_weights_that_are_all_zero_take_no_bits() -> None:
    steps = tf.Variable([[0.5]])
    with tf.GradientTape() as tape:
        spent = step_bits(tf.zeros([1, 50]), steps)
    assert float(spent) == 0
    assert float(tape.gradient(spent, steps)[0, 0]) == 0


def test_the_goal_comes_down_step_by_step_and_the_price_rises_beyond_it() -> None:
    coded = CodedWeights(2.0, {})
    goals = [coded.goal(3.0, along) for along in (0.0, 0.2, 0.4, 1.0)]
    assert goals[0] == pytest.approx(3.0)
    assert goals == sorted(goals, reverse=True)
    assert goals[2] == goals[3] < 2.0
    assert coded.goal(1.5, 0.0) == 2.0  # fewer than asked for are not made more
    prices = [float(coded.price(tf.constant(bits), 2.0)) / bits for bits in (1.9, 2.0, 2.1)]
    assert prices[0] < prices[1] / 4
    assert prices[2] > prices[1] * 4


@pytest.mark.parametrize("per_tensor", [False, True])
def test_weights_of_a_file_are_where_training_starts(per_tensor: bool, prepare: Any) -> None:
    prepared = prepare(_model(lambda kernel: kernel)).with_options(per_tensor_weights=per_tensor)
    stored = coarse(prepared)
    network = FakeQuantNetwork(prepared.plan, fewer=CodedWeights(3.0, stored))
    found = integers_of(file_of(prepared, network))
    assert found.keys() == stored.keys()
    for name, one in found.items():
        np.testing.assert_array_equal(one, stored[name].values)


@pytest.mark.parametrize("per_tensor", [False, True])
def test_the_file_has_the_integers_that_were_trained(per_tensor: bool, prepare: Any) -> None:
    prepared = prepare(_model(_sparse)).with_options(per_tensor_weights=per_tensor)
    network = FakeQuantNetwork(prepared.plan, fewer=CodedWeights(3.0, coarse(prepared)))
    _disturb(network)
    file = file_of(prepared, network)
    assert match(network, file, prepared.samples).mean_difference < 0.4
    plain = {one.name: one.values() for one in read_tflite(network.trained_file()).main.tensors if one.is_constant}
    found = integers_of(file)
    for name, bound in network.weight_reach().items():
        np.testing.assert_array_equal(found[name], np.rint(plain[name] / (bound / 127)))
    largest = max(prepared.plan.network.main.tensors, key=lambda one: one.values().size if one.is_constant else 0)
    assert not found[largest.name][largest.values() == 0].any()


def test_where_training_is_too_short_all_steps_become_coarser(prepare: Any) -> None:
    prepared = prepare(_model(lambda kernel: kernel))
    network = FakeQuantNetwork(prepared.plan, fewer=CodedWeights(1.5, coarse(prepared)))
    _disturb(network)  # or else all weights of a level would be lost at once
    assert float(network.bits()) > 2
    assert not network.settled
    for step in range(40):
        network.proceed(step / 40)
    assert float(network.bits()) <= BEHIND * 1.5
    assert network.settled
    assert np.any(max(integers_of(file_of(prepared, network)).values(), key=np.size))


def test_layers_without_stored_weights_keep_theirs(prepare: Any) -> None:
    prepared = prepare(_model(lambda kernel: kernel))
    stored = coarse(prepared)
    left_out, *others = stored
    coded = CodedWeights(3.0, {**{name: stored[name] for name in others}, left_out: _zeroed(stored[left_out])})
    found = integers_of(file_of(prepared, FakeQuantNetwork(prepared.plan, fewer=coded)))
    np.testing.assert_array_equal(found[left_out], integers_of(prepared.int8_file)[left_out])


@pytest.mark.parametrize("bits", [0.0, -1.0])
def test_no_bits_at_all_are_refused(bits: float) -> None:
    with pytest.raises(InputError, match="more than 0"):
        CodedWeights(bits, {})


def _disturb(network: FakeQuantNetwork) -> None:
    """Weights, steps, biases and ranges all become other than at first."""
    rng = np.random.default_rng(3)
    for variable in network.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.1, variable.shape))


def _zeroed(stored: Stored) -> Stored:
    return replace(stored, values=np.zeros_like(stored.values))
