"""Rounding as the quantizer does it, and its gradients."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from litert_quantizer import qtyping
from litert_quantizer.algorithms.uniform_quantize.uniform_quantize_tensor import (
    tensor_zp_scale_from_min_max,
    uniform_dequantize,
    uniform_quantize,
)

from edgecomp.qat.fake_quant import away_from_stored_zero, fake_quantize, nudged, rounded_to, weight_steps

ENDS = st.tuples(st.floats(-100, 0, width=32), st.floats(0, 100, width=32)).filter(
    lambda ends: ends[1] - ends[0] > 1e-3
)


def _quantizer(values: np.ndarray, low: float, high: float, bits: int) -> np.ndarray:
    """What litert-quantizer makes of values, in real numbers."""
    ends = np.array([[low]], np.float32), np.array([[high]], np.float32)
    zero, scale = tensor_zp_scale_from_min_max(*ends, bits, False, qtyping.QuantGranularity.TENSORWISE)
    params = qtyping.UniformQuantParams(
        scale=scale, zero_point=zero, num_bits=bits, symmetric=False, quantized_dimension=None
    )
    return np.asarray(uniform_dequantize(uniform_quantize(values[None], params).astype(np.int32), params))[0]


@settings(max_examples=60)
@given(ends=ENDS, bits=st.sampled_from([8, 16]), seed=st.integers(0, 1000))
def test_values_are_those_of_the_quantizer(ends: tuple[float, float], bits: int, seed: int) -> None:
    low, high = ends
    values = np.random.default_rng(seed).uniform(2 * low - 1, 2 * high + 1, 200).astype(np.float32)
    step = (high - low) / (2**bits - 1)
    least = float(nudged(tf.constant(low), tf.constant(high), bits)[0])
    from_tie = np.abs((values - least) / step % 1 - 0.5)
    found = np.asarray(fake_quantize(values, tf.constant(low), tf.constant(high), bits))
    expected = _quantizer(values, low, high, bits)
    clear = from_tie > 0.02
    np.testing.assert_allclose(found[clear], expected[clear], atol=step * 0.02 + 1e-6)


@given(ends=ENDS)
@settings(max_examples=50)
def test_zero_is_one_of_the_values_and_nudging_twice_is_nudging_once(ends: tuple[float, float]) -> None:
    once = nudged(tf.constant(ends[0]), tf.constant(ends[1]), 8)
    twice = nudged(*once, 8)
    np.testing.assert_allclose(twice, once, rtol=1e-5, atol=1e-6)
    assert float(fake_quantize(tf.zeros(1), *once, 8)[0]) == pytest.approx(0, abs=1e-6)


def test_gradients_pass_what_is_inside_and_pull_the_ends() -> None:
    values = tf.constant([-5.0, -0.3, 0.2, 0.9, 7.0])
    low, high = tf.Variable(-1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = fake_quantize(values, low, high, 8)
        total = tf.reduce_sum(result * tf.constant([1.0, 2.0, 3.0, 4.0, 5.0]))
    inside, to_low, to_high = tape.gradient(total, [values, low, high])
    np.testing.assert_array_equal(inside, [0, 2, 3, 4, 0])
    errors = (np.asarray(result) - np.asarray(values))[1:4] @ [2, 3, 4] / 3
    assert float(to_low) == pytest.approx(1 - errors, abs=1e-4)
    assert float(to_high) == pytest.approx(5 + errors, abs=1e-4)


def test_ends_move_to_where_rounding_does_less_harm() -> None:
    """A range far too wide shrinks to that of the data, a range too narrow grows."""
    values = tf.constant(np.random.default_rng(0).uniform(-1, 1, 1000), tf.float32)
    for start in (3.0, 0.3):
        logarithm = tf.Variable(np.log(start).astype(np.float32))
        optimizer = tf.keras.optimizers.Adam(0.05)
        for _ in range(60):
            with tf.GradientTape() as tape:
                end = tf.exp(logarithm)
                loss = tf.reduce_mean(tf.square(fake_quantize(values, -end, end, 8) - values))
            optimizer.apply_gradients([(tape.gradient(loss, logarithm), logarithm)])
        assert 0.8 < float(tf.exp(logarithm)) < 1.3


@given(seed=st.integers(0, 1000), axis=st.sampled_from([None, 0, 3]), bits=st.sampled_from([4, 8]))
@settings(max_examples=30)
def test_weights_lie_on_symmetric_integers(seed: int, axis: int | None, bits: int) -> None:
    weights = np.random.default_rng(seed).normal(0, 1, (4, 3, 3, 5)).astype(np.float32)
    steps = np.asarray(weight_steps(tf.constant(weights), bits, axis, tf.constant(0.0)))
    assert steps.size == (1 if axis is None else weights.shape[axis])
    integers = np.asarray(rounded_to(tf.constant(weights), steps)) / steps
    np.testing.assert_allclose(integers, np.rint(integers), atol=1e-3)
    assert np.abs(integers).max() == pytest.approx(2 ** (bits - 1) - 1, abs=1e-3)


def test_a_bias_that_would_overflow_makes_the_steps_larger() -> None:
    weights = tf.constant([[1e-9, 1e-9], [1.0, 1.0]])
    steps = weight_steps(weights, 8, 0, tf.constant([0.5, 0.5]))
    np.testing.assert_allclose(np.asarray(steps)[:, 0], [0.5 / 127, 1 / 127], rtol=1e-5)


def test_what_lies_between_two_integers_goes_away_from_stored_zero() -> None:
    low, high = tf.constant(0.0), tf.constant(255.0)
    values = tf.constant([10.5, 20.4, 200.5, 200.4])
    rounded = fake_quantize(away_from_stored_zero(values, low, high, 8), low, high, 8)
    np.testing.assert_allclose(rounded, [10, 20, 201, 200], atol=1e-3)
