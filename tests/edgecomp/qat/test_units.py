"""What differs between weights by scales of channels only is counted alike."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from edgecomp.qat.network import FakeQuantNetwork
from edgecomp.qat.units import units_of


def _model(scales: np.ndarray) -> Any:
    """Two dense layers; what the first one's channels are multiplied by the second one divides by."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12,), name="row")
    first, second = layers.Dense(16, activation="relu"), layers.Dense(3)
    model = keras.Model(inputs, second(first(inputs)))
    first.set_weights([first.get_weights()[0] * scales, scales * np.linspace(0.1, 0.5, 16)])
    second.set_weights([second.get_weights()[0] / scales[:, None], np.linspace(-1, 1, 3)])
    return model


def test_scales_of_channels_do_not_show_in_what_is_trained(prepare: Any) -> None:
    even, spread = (prepare(_model(scales)) for scales in (np.ones(16), np.logspace(-1, 1, 16)))
    for one, other in zip(FakeQuantNetwork(even.plan).weights, FakeQuantNetwork(spread.plan).weights, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(np.std(one), np.std(other), rtol=0.5)


def test_all_units_are_positive_even_of_dead_channels(prepare: Any) -> None:
    scales = np.ones(16)
    model = _model(scales)
    dense = model.layers[1]
    kernel, bias = dense.get_weights()
    kernel[:, 3] = 0
    dense.set_weights([kernel, 0 * bias])
    units = units_of(prepare(model).plan)
    assert all((unit > 0).all() and np.isfinite(unit).all() for unit in units.values())
