"""Predictions of the profiles that come with edgecomp."""

from __future__ import annotations

from functools import cache

import pytest

from edgecomp.latency.estimate import layer_milliseconds
from edgecomp.latency.micro.blocks import mobile
from edgecomp.latency.micro.builder import NetworkBuilder
from edgecomp.latency.predict import can_predict, predict
from edgecomp.pruning.costs import Cost, LayerWork
from edgecomp.targets import Target, list_targets, load_target
from edgecomp.tflite import TfliteModel, read_tflite

PREDICTED = [target for target in list_targets() if can_predict(target)]


@cache
def network(precision: str) -> TfliteModel:
    builder = NetworkBuilder(precision)
    return read_tflite(builder.finish(mobile(builder)))


def test_boards_with_published_latencies_are_predicted() -> None:
    published = {target.name for target in list_targets() if target.latencies and target.name != "coral-edgetpu"}
    assert published <= {target.name for target in PREDICTED}


@pytest.mark.parametrize("target", PREDICTED, ids=lambda target: target.name)
def test_a_mobile_network(target: Target) -> None:
    assert target.prediction is not None
    assert target.prediction.source
    int8, float32 = (predict(network(precision), target) for precision in ("int8", "float32"))
    assert not int8.unknown
    assert not float32.unknown
    assert 0 < int8.latency_ms < float32.latency_ms
    assert predict(network("int8"), target, threads=1).latency_ms >= int8.latency_ms
    milliseconds = layer_milliseconds(target)
    assert milliseconds(LayerWork("a", Cost(macs=1000), 1000)) < milliseconds(LayerWork("a", Cost(macs=2000), 2000))


def test_newer_boards_are_faster() -> None:
    boards = ("raspberry-pi-zero-2w", "raspberry-pi-3b-plus", "raspberry-pi-4b", "raspberry-pi-5")
    times = [predict(network("int8"), load_target(board)).latency_ms for board in boards]
    assert times == sorted(times, reverse=True)
