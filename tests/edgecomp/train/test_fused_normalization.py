"""BatchNorm in one operation: the numbers, gradients and moving statistics that Keras' own has."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.train.batch_norm import fused_normalization

SEEN = {
    "photos": ((6, 5, 3), {}),
    "no scale": ((6, 5, 3), {"scale": False}),
    "no offset": ((6, 5, 3), {"center": False, "momentum": 0.5}),
    "rows": ((7,), {}),
    "another axis": ((6, 5, 3), {"axis": 1}),
    "a tiny epsilon": ((6, 5, 3), {"epsilon": 1e-7}),
    "at rest": ((6, 5, 3), {"trainable": False}),
}


def _network(name: str) -> keras.Model:
    shape, how = SEEN[name]
    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.BatchNormalization(**how)(inputs))
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.5, 1.5, one.shape).astype(np.float32) for one in model.get_weights()])
    return model


def _step(model: keras.Model, data: np.ndarray, pull: np.ndarray, *, training: bool = True) -> list[np.ndarray]:
    """Outputs, gradients by inputs and weights, and the moving statistics afterwards."""
    given = tf.constant(data)
    with tf.GradientTape() as tape:
        tape.watch(given)
        outputs = model(given, training=training)
        loss = tf.reduce_sum(outputs * pull)
    gradients: list[Any] = tape.gradient(loss, [given, *model.trainable_variables])
    return [np.asarray(one) for one in (outputs, *gradients, *model.non_trainable_variables)]


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("training", [True, False])
@settings(max_examples=8)
@given(batch=st.integers(2, 9), seed=st.integers(0, 99))
def test_a_step_is_the_one_that_keras_takes(name: str, training: bool, batch: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ours, theirs = _network(name), _network(name)
    data, pull = rng.normal(2.0, 3.0, (2, batch, *ours.input_shape[1:])).astype(np.float32)
    with fused_normalization(ours):
        found = _step(ours, data, pull, training=training)
    wanted = _step(theirs, data, pull, training=training)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_a_batch_of_one_pixel_is_normalized_as_keras_does() -> None:
    inputs = keras.Input((1, 1, 3))
    model = keras.Model(inputs, keras.layers.BatchNormalization()(inputs))
    with fused_normalization(model):
        _step(model, np.full((1, 1, 1, 3), 5.0, np.float32), np.ones((1, 1, 1, 3), np.float32))
    mean, variance = model.non_trainable_variables
    np.testing.assert_allclose(mean, 0.05 * np.ones(3), rtol=1e-5)
    np.testing.assert_allclose(variance, 0.99 * np.ones(3), rtol=1e-5)


def test_layers_are_as_they_were_behind_the_block_and_subclasses_are_left_alone() -> None:
    class Own(keras.layers.BatchNormalization):
        pass

    inputs = keras.Input((4, 4, 2))
    inner = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.BatchNormalization()])
    model = keras.Model(inputs, Own()(inner(inputs)))
    norms = [one for one in model._flatten_layers() if isinstance(one, keras.layers.BatchNormalization)]
    with fused_normalization(model):
        assert ["call" in vars(one) for one in norms] == [type(one) is not Own for one in norms]
    with pytest.raises(ZeroDivisionError), fused_normalization(model):
        raise ZeroDivisionError
    assert not any("call" in vars(one) for one in norms)
