"""A walk gives what the networks give, and keeps no more than somebody still reads."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import keras
import numpy as np
from keras import layers
from low_rank_networks import PHOTOS, network, outputs_of

from edgecomp.factorize.walk import samples_for, walk
from edgecomp.pruning.calls import Call
from edgecomp.pruning.replay import run_calls


class Value:
    """Stands for a tensor."""


def test_values_are_let_go_when_nobody_reads_them_any_more() -> None:
    inputs = value = keras.Input((4,))
    for _ in range(6):
        value = layers.Activation("relu")(value)
    model = keras.Model(inputs, layers.Add()([value, inputs]))
    alive: list[weakref.ref[Value]] = []
    counts = []

    def run(call: Call, arguments: list[Any], keywords: dict[str, Any]) -> Value:
        made = Value()
        alive.append(weakref.ref(made))
        gc.collect()
        counts.append(sum(one() is not None for one in alive))
        return made

    (last,) = run_calls(model, [Value()], run)
    assert last is alive[-1]()
    assert max(counts) <= 3  # what was just made, what it is made from, and that which is still being handed over


def test_both_networks_run_beside_each_other() -> None:
    model = network()

    def doubled(call: Call, given: Any, original: Any) -> Any:
        assert given.new is given.original
        return 2 * original

    (same,), (changed,) = walk(model, [PHOTOS], {}), walk(model, [PHOTOS], {"point": doubled})
    assert same.new is same.original
    (wanted,) = outputs_of(model, PHOTOS)
    np.testing.assert_allclose(changed.original, wanted, rtol=1e-4, atol=1e-5)
    layer = model.get_layer("point")
    layer.set_weights([2 * one for one in layer.get_weights()])  # a ReLU follows
    np.testing.assert_allclose(changed.new, outputs_of(model, PHOTOS)[0], rtol=1e-4, atol=1e-5)


def test_samples_are_spread_over_all_that_are_given() -> None:
    many = np.arange(1000, dtype=np.float32)[:, None, None, None] * np.ones((12, 12, 3), np.float32)
    (chosen,) = samples_for(network(), many)
    assert len(chosen) == 128
    assert chosen[0].max() == 0
    assert chosen[-1].max() == 999
