"""No integer step is spent on values that nothing behind a tensor can tell apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.precision.experiment import run_outputs
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.quantize.ranges.saturation import without_saturated
from edgecomp.tflite import read_tflite

RNG = np.random.default_rng(0)
SAMPLES = [{"row": RNG.normal(size=(1, 12)).astype(np.float32)} for _ in range(40)]


def resting(activation: str, export: Any) -> bytes:
    """A dense network; half of its channels rest at about -300 before the activation."""
    import keras

    inputs = keras.Input((12,), name="row")
    hidden = keras.layers.Dense(16, name="hidden")
    value = keras.layers.Activation(activation)(hidden(inputs))
    model = keras.Model(inputs, keras.layers.Dense(4, name="value")(value))
    kernel = np.random.default_rng(1).normal(size=(12, 16)).astype(np.float32) / 3
    hidden.set_weights([kernel, np.where(np.arange(16) % 2, -300, 0).astype(np.float32)])
    file: bytes = export(model)[1]
    return file


def decibels(file: bytes, method: str) -> float:
    model = read_tflite(file)
    ranges = choose_ranges(observe(file, threads=1, stream=SAMPLES), method, model=model)
    made = quantize(file, scheme="int8", io="int8", ranges=ranges)
    exact, given = (np.array(run_outputs(one, threads=1, samples=SAMPLES)) for one in (file, made))
    return float(10 * np.log10(np.square(exact).sum() / np.square(exact - given).sum()))


@pytest.mark.parametrize("activation", ["silu", "hard_silu", "sigmoid", "tanh"])
@pytest.mark.parametrize("method", ["minmax", "mse", "percentile"])
def test_channels_that_rest_far_off_do_not_coarsen_the_others(activation: str, method: str, export: Any) -> None:
    assert decibels(resting(activation, export), method) > 20


@pytest.mark.parametrize("activation", ["silu", "sigmoid", "tanh"])
def test_only_ends_that_change_no_result_are_cut(activation: str, export: Any) -> None:
    file = resting(activation, export)
    graph = read_tflite(file).main
    seen = observe(file, threads=1, stream=SAMPLES)
    narrowed = without_saturated(graph, seen)
    cut = [name for name in seen if (narrowed[name].low, narrowed[name].high) != (seen[name].low, seen[name].high)]
    assert len(cut) == 1
    low, high = narrowed[cut[0]].low, narrowed[cut[0]].high
    values = np.linspace(seen[cut[0]].low, seen[cut[0]].high, 4001)
    function = {
        "silu": lambda x: x / (1 + np.exp(-x)),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "tanh": np.tanh,
    }[activation]
    step = {"sigmoid": 1 / 256, "tanh": 1 / 128}.get(activation, (function(high) + 0.28) / 255)
    assert np.abs(function(values) - function(np.clip(values, low, high))).max() <= 0.6 * step


def test_a_tensor_with_a_reader_that_tells_values_apart_stays(export: Any) -> None:
    import keras

    inputs = keras.Input((12,), name="row")
    value = keras.layers.Dense(8)(inputs)
    both = keras.layers.Add()([keras.layers.Activation("tanh")(value), value])
    file = export(keras.Model(inputs, keras.layers.Dense(2)(both)))[1]
    samples = [{"row": 20 * feeds["row"]} for feeds in SAMPLES]
    seen = observe(file, threads=1, stream=samples)
    narrowed = without_saturated(read_tflite(file).main, seen)
    assert {name: (one.low, one.high) for name, one in narrowed.items()} == {
        name: (one.low, one.high) for name, one in seen.items()
    }


def test_an_output_of_the_network_stays_whole(export: Any) -> None:
    import keras

    inputs = keras.Input((12,), name="row")
    value = keras.layers.Dense(8, name="raw")(inputs)
    file = export(keras.Model(inputs, [value, keras.layers.Activation("tanh", name="squashed")(value)]))[1]
    seen = observe(file, threads=1, stream=[{"row": 20 * feeds["row"]} for feeds in SAMPLES])
    narrowed = without_saturated(read_tflite(file).main, seen)
    assert all((narrowed[name].low, narrowed[name].high) == (one.low, one.high) for name, one in seen.items())
