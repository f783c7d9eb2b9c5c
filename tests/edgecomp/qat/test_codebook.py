"""Taking the nearest level, and its price, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecomp.qat.codebook import bits, share, short, whole

WEIGHTS = arrays(np.float32, (6, 5), elements=st.floats(-3, 3, width=32))
LEVELS = st.lists(st.integers(-127, 127), min_size=2, max_size=16, unique=True)


@settings(max_examples=60)
@given(weights=WEIGHTS, levels=LEVELS, step=st.floats(0.01, 0.1))
def test_each_weight_gets_the_nearest_level(weights: np.ndarray, levels: list[int], step: float) -> None:
    steps = np.full((6, 1), step, np.float32)
    given = np.asarray(share(tf.constant(weights), tf.constant(steps), tf.constant(levels, tf.float32)))
    values = np.float32(step) * np.array(levels, np.float32)
    assert np.isin(given, values).all()
    distance = np.abs(weights[..., None] - values).min(axis=-1)
    np.testing.assert_allclose(np.abs(given - weights), distance, atol=1e-5)


def test_a_level_has_the_sum_of_its_members_gradients() -> None:
    rng = np.random.default_rng(0)
    weights, upstream = (tf.constant(rng.normal(size=(4, 8)), tf.float32) for _ in range(2))
    steps, levels = tf.fill([4, 1], 0.1), tf.Variable([12.0, -9.0, 0.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(levels)
        loss = tf.reduce_sum(share(weights, steps, levels) * upstream)
    gradient = tape.gradient(loss, levels)
    nearest = np.abs(np.asarray(weights)[..., None] / 0.1 - np.asarray(levels)).argmin(axis=-1)
    wanted = [0.1 * np.asarray(upstream)[nearest == place].sum() for place in range(4)]
    np.testing.assert_allclose(gradient, wanted, rtol=1e-4, atol=1e-6)


def test_a_weight_beyond_the_last_level_moves_only_back() -> None:
    weights, steps = tf.Variable([[5.0, 5.0, -5.0, -5.0, 0.4]]), tf.ones([1, 1])
    with tf.GradientTape() as tape:
        given = share(weights, steps, tf.constant([-1.0, 0.0, 1.0]))
        loss = tf.reduce_sum(given * tf.constant([[1.0, -1.0, 1.0, -1.0, 1.0]]))
    np.testing.assert_array_equal(tape.gradient(loss, weights), [[1.0, 0.0, 0.0, -1.0, 1.0]])


def test_bits_are_the_entropy_and_draw_weights_to_zero_by_what_that_saves() -> None:
    values = np.array([0.1] * 60 + [1.1] * 30 + [-0.9] * 10, np.float32)[None]
    weights, steps, levels = tf.Variable(values), tf.fill([1, 1], 0.5), tf.constant([-2.0, 0.0, 2.0])
    with tf.GradientTape() as tape:
        spent = bits(weights, steps, levels)
    shares = np.array([0.6, 0.3, 0.1])
    assert float(spent) == pytest.approx(-100 * (shares * np.log2(shares)).sum(), rel=0.02)
    gradient = np.asarray(tape.gradient(spent, weights))[0]
    saved = 0.3 * np.log2(0.6 / 0.3) + 0.1 * np.log2(0.6 / 0.1)
    np.testing.assert_allclose(gradient, np.sign(values[0]) * saved / (0.4 * 2) / 0.5, rtol=0.05)


def test_where_zero_is_the_dearest_level_nothing_is_drawn_to_it() -> None:
    weights = tf.Variable([[0.0] + [1.0] * 40 + [-1.0] * 40])
    with tf.GradientTape() as tape:
        spent = bits(weights, tf.ones([1, 1]), tf.constant([-1.0, 0.0, 1.0]))
    assert not np.asarray(tape.gradient(spent, weights)).any()


@given(st.integers(-80, 80).map(lambda power: float(np.float32(1.1892071**power * 1.37))))
def test_short_steps_have_few_digits_and_are_close(step: float) -> None:
    found = float(short(tf.constant([step], tf.float32), 4)[0])
    assert found == pytest.approx(step, rel=1 / 16)
    mantissa = int(np.float32(found).view(np.uint32)) & 0x7FFFFF
    assert mantissa % (1 << 20) == 0  # 3 digits behind the leading one


def test_levels_are_whole_numbers_of_int8_and_pass_their_gradient_on() -> None:
    levels = tf.Variable([-200.0, -3.4, 0.0, 2.6])
    with tf.GradientTape() as tape:
        found = whole(levels)
    np.testing.assert_array_equal(found, [-127, -3, 0, 3])
    np.testing.assert_array_equal(tape.gradient(found, levels), [0, 1, 1, 1])
