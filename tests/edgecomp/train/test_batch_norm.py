"""Moving statistics keep up with a short training, and the layers are left as they were."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edgecomp.train.batch_norm import quick_statistics


def network() -> keras.Model:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(name="inner")])
    inputs = keras.Input((4,))
    value = keras.layers.BatchNormalization(momentum=0.5, name="quick")(inner(inputs))
    return keras.Model(inputs, keras.layers.BatchNormalization(name="slow")(value))


def momenta(model: keras.Model) -> dict[str, float]:
    norms = [one for one in model._flatten_layers() if isinstance(one, keras.layers.BatchNormalization)]
    return {one.name: one.momentum for one in norms}


@pytest.mark.parametrize(("epoch_steps", "momentum"), [(1, 0.75), (16, 0.875), (312, 0.99), (10_000, 0.99)])
def test_averages_reach_back_half_an_epoch_at_most(epoch_steps: int, momentum: float) -> None:
    model = network()
    before = momenta(model)
    with quick_statistics(model, epoch_steps):
        assert momenta(model) == pytest.approx({"inner": momentum, "quick": 0.5, "slow": momentum})
    assert momenta(model) == before


def test_momenta_come_back_after_an_error() -> None:
    model = network()
    before = momenta(model)
    with pytest.raises(ZeroDivisionError), quick_statistics(model, 8):
        raise ZeroDivisionError
    assert momenta(model) == before


def test_the_statistics_of_a_few_batches_are_there_after_an_epoch() -> None:
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
    with quick_statistics(model, 16):
        for _ in range(32):
            model(rng.normal(7, 2, (64, 4)).astype(np.float32), training=True)
    assert model.layers[0].moving_mean.numpy() == pytest.approx(np.full(4, 7), abs=0.5)
