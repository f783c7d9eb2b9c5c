"""Observed ranges are the absolute minimum and maximum over all samples, whatever their order and number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgecomp.quantize.ranges import CHUNK, observe_ranges
from edgecomp.tflite import read_tflite

KEY = "serving_default"


def extremes(network: Any, samples: list[dict[str, np.ndarray]]) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of every float tensor, from an interpreter that keeps them all."""
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = Interpreter(model_content=network.file, experimental_preserve_all_tensors=True)
    run = interpreter.get_signature_runner(KEY)
    computed = {index for one in read_tflite(network.file).main.operators for index in one.outputs}
    computed |= set(read_tflite(network.file).main.inputs)
    kept = [one for one in interpreter.get_tensor_details() if one["index"] in computed and one["dtype"] == np.float32]
    seen: dict[str, tuple[float, float]] = {}
    for feeds in samples:
        run(**feeds)
        for one in kept:
            value = interpreter.get_tensor(one["index"])
            low, high = seen.get(one["name"], (np.inf, -np.inf))
            seen[one["name"]] = (min(low, float(value.min())), max(high, float(value.max())))
    return seen


@pytest.mark.parametrize("name", ["conv", "dense", "two inputs", "upsampling"])
def test_ranges_are_the_extremes_of_every_tensor(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    ranges = observe_ranges(net.file, KEY, threads=1, stream=net.samples)
    expected = extremes(net, net.samples)
    assert set(expected) <= set(ranges)
    for tensor, (low, high) in expected.items():
        assert ranges[tensor] == pytest.approx((low, high), rel=1e-4, abs=1e-5)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(CHUNK + 4)))
def test_the_order_of_samples_does_not_matter(order: list[int], network: Callable[[str], Any]) -> None:
    net = network("dense")
    forward = observe_ranges(net.file, KEY, threads=1, stream=net.samples[: CHUNK + 4])
    shuffled = observe_ranges(net.file, KEY, threads=1, stream=[net.samples[index] for index in order])
    assert shuffled == forward


@pytest.mark.parametrize("place", [0, CHUNK - 1, CHUNK, 2 * CHUNK])
def test_one_outlier_counts_wherever_it_comes(place: int, network: Callable[[str], Any]) -> None:
    net = network("dense")
    samples = [dict(one) for one in net.samples[: 2 * CHUNK + 1]]
    outlier = samples[place]["row"].copy()
    outlier[0, 0] = 50.0
    samples[place] = {"row": outlier}
    ranges = observe_ranges(net.file, KEY, threads=1, stream=samples)
    name = read_tflite(net.file).inputs[0].name
    assert ranges[name][1] == 50.0


def test_samples_may_come_from_a_generator_that_can_be_read_once(network: Callable[[str], Any]) -> None:
    net = network("dense")

    def once() -> Iterator[dict[str, np.ndarray]]:
        yield from net.samples

    assert observe_ranges(net.file, KEY, threads=1, stream=once()) == observe_ranges(
        net.file, KEY, threads=1, stream=net.samples
    )
