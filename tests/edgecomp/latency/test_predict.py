"""Predictions from a profile's coefficients."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.latency.estimate import layer_milliseconds
from edgecomp.latency.micro.builder import NetworkBuilder
from edgecomp.latency.predict import CostModel, predict
from edgecomp.latency.work import Tile, Work, overflow, works_of
from edgecomp.pruning.costs import Cost, LayerWork
from edgecomp.targets import Target, load_target
from edgecomp.targets.prediction import NanosecondsPerInstruction, Prediction
from edgecomp.tflite import read_tflite

from .networks import DEVICE, small_network


def target(prediction: Prediction | None = DEVICE) -> Target:
    return dataclasses.replace(load_target("raspberry-pi-4b"), prediction=prediction)


def test_a_prediction_is_the_sum_of_its_operators() -> None:
    found = predict(small_network(), target(), threads=1)
    assert len(found.operators_ms) == 4
    assert found.latency_ms == pytest.approx(sum(found.operators_ms) + DEVICE.call / 1e6)
    assert found.low < found.latency_ms < found.high
    assert found.high / found.latency_ms == pytest.approx(1 + DEVICE.band)
    assert found.unknown == ()
    assert found.peak_memory_bytes > sum(work.weight_bytes for work in works_of(small_network()))


def test_report_fields() -> None:
    assert set(predict(small_network(), target()).to_dict()) == {"latency_ms", "low", "high", "peak_memory_bytes"}


def test_threads_share_work_but_not_the_start_of_operators() -> None:
    one, four = (predict(small_network(), target(), threads=threads).latency_ms for threads in (1, 4))
    fixed = (DEVICE.call + sum(costs.operator for costs in DEVICE.operators if costs.kind != "dense")) / 1e6
    assert four == pytest.approx(fixed + (one - fixed) / 4)


def test_instructions_need_to_be_told_what_they_take() -> None:
    counted = dataclasses.replace(DEVICE, unit="instructions", memory=())
    with pytest.raises(InputError, match="instructions and not what one takes"):
        predict(small_network(), target(counted))
    timed = dataclasses.replace(counted, instruction=NanosecondsPerInstruction(2.0, 0.5))
    one = predict(small_network(), target(timed), threads=1)
    assert sum(one.operators_ms) == pytest.approx(
        0.5 * sum(predict(small_network(), target(dataclasses.replace(DEVICE, memory=())), threads=1).operators_ms)
    )


def test_a_profile_without_coefficients_says_what_to_do() -> None:
    with pytest.raises(InputError, match="targets fit"):
        predict(small_network(), target(None))
    with pytest.raises(InputError, match="targets fit"):
        layer_milliseconds(target(None))


def test_kinds_it_has_no_coefficients_for_are_named() -> None:
    found = predict(small_network(precision="float32"), target())
    assert found.unknown == ("ADD", "convolution", "depthwise 9", "pointwise")
    assert found.latency_ms > DEVICE.call / 1e6


@given(
    kind=st.sampled_from(["pointwise", "convolution", "dense", "depthwise 9", "ADD"]),
    sizes=st.tuples(*(st.integers(1, 300) for _ in range(3))),
    grown=st.integers(0, 2),
)
def test_more_work_never_takes_less(kind: str, sizes: tuple[int, int, int], grown: int) -> None:
    larger = list(sizes)
    larger[grown] += 7

    def cost(rows: int, columns: int, depth: int) -> float:
        weights, moved = columns * depth, rows * (columns + depth)
        work = Work(kind, "int8", rows, columns, 9, depth, rows * columns, rows, weights, moved)
        costs = CostModel(DEVICE)
        return costs.operator_cost(work) + costs.weights_cost([work])

    assert cost(larger[0], larger[1], larger[2]) >= cost(*sizes)


@given(st.integers(0, 2**24), st.integers(0, 2**24), st.integers(0, 4096))
def test_overflow_grows_with_what_is_put_in(one: int, other: int, kib: int) -> None:
    least, most = sorted((one, other))
    assert 0 <= overflow(least, kib) <= overflow(most, kib) <= most
    assert overflow(1024 * kib, kib) == 0


def test_partly_filled_tiles_cost_as_full_ones() -> None:
    odd = Work("pointwise", "int8", rows=49, columns=24, taps=1, depth=10)
    full = Work("pointwise", "int8", rows=52, columns=32, taps=1, depth=12)
    assert odd.quantities(Tile(4, 16, 4)) == full.quantities(Tile(4, 16, 4))


def layer(channels: int, kernel_macs: int = 0) -> LayerWork:
    cost = Cost(macs=kernel_macs, bytes=9 * channels, activations=100 * channels)
    return LayerWork("layer", cost, kernel_macs)


def test_pruning_is_told_less_for_less() -> None:
    milliseconds = layer_milliseconds(target())
    assert 0 < milliseconds(layer(8)) < milliseconds(layer(16))
    assert milliseconds(layer(16)) < milliseconds(layer(16, 10**6)) < milliseconds(layer(16, 2 * 10**6))
    product = milliseconds(layer(16, 2 * 10**6)) - milliseconds(layer(16, 10**6))
    assert product == pytest.approx(1e6 * 0.01 / 4 / 1e6, rel=1e-6)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_swish_in_int8_is_one_look_up(precision: str) -> None:
    network = NetworkBuilder(precision)
    tensor, other = network.input(1, 4, 4, 8), network.input(1, 4, 4, 8)
    swish = network.binary("MUL", tensor, network.unary("LOGISTIC", tensor))
    works = works_of(read_tflite(network.finish(network.binary("MUL", swish, other))))
    assert [work.kind for work in works] == ["LOGISTIC", "fused" if precision == "int8" else "MUL", "MUL"]
