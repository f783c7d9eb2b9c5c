"""Networks that post-training quantization fails come close to float again."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest

from edgecomp.qat.network import FakeQuantNetwork

LOSES_AT_LEAST, COMES_WITHIN = 3.0, 0.5
"""Percentage points of accuracy."""


def _hard_networks() -> ModuleType:
    path = Path(__file__).parents[1] / "quantize" / "hard_networks.py"
    if path.stem not in sys.modules:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module  # dataclasses look their module up here
        spec.loader.exec_module(module)
    return sys.modules[path.stem]


def _distil(network: FakeQuantNetwork, photos: np.ndarray, *, epochs: int, rate: float) -> None:
    """Draws the network's logits to those that it has without rounding; no labels are used."""
    import tensorflow as tf

    wanted = np.asarray(network.compute(photos, logits=True, rounded=False)[0])
    batch = 50
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, epochs * len(photos) // batch))
    optimizer.build(network.trainable_variables)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def step(inputs: Any, logits: Any) -> None:
        with tf.GradientTape() as tape:
            given = tf.nn.log_softmax(network(inputs, training=True))
            loss = -tf.reduce_mean(tf.reduce_sum(tf.nn.softmax(logits) * given, axis=-1))
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    rng = np.random.default_rng(0)
    for _ in range(epochs):
        for chosen in rng.permutation(len(photos)).reshape(-1, batch):
            step(photos[chosen], wanted[chosen])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spread_channels", "spread_channels_relu6"])
def test_what_quantization_loses_training_brings_back(name: str, prepare: Any) -> None:
    hard = _hard_networks()
    case = hard.CASES[name]()
    prepared = prepare(case.model, case.calibration)
    score = 100 * case.score(prepared.float_file)
    assert score - 100 * case.score(prepared.int8_file) >= LOSES_AT_LEAST
    network = FakeQuantNetwork(prepared.plan, logits=True)
    _distil(network, hard._digits()[0][: hard.TRAINING], epochs=60, rate=0.01)
    file = prepared.quantize(network.trained_file(), network.ranges())
    assert score - 100 * case.score(file) <= COMES_WITHIN
