"""Synthetic devices, whose coefficients are known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from edgecomp.latency.equations import Observation
from edgecomp.latency.micro.builder import NetworkBuilder
from edgecomp.latency.predict import CostModel
from edgecomp.latency.work import Work
from edgecomp.targets.prediction import MemoryLevel, OperatorCosts, Prediction
from edgecomp.tflite import TfliteModel, read_tflite

DEVICE = Prediction(
    source="made up",
    unit="ns",
    band=0.1,
    call=700,
    memory=(MemoryLevel(1024, 0.02, 0.03),),
    operators=(
        OperatorCosts("pointwise", "int8", (4, 16, 4), mac=0.01, output=0.3, operator=100),
        OperatorCosts("convolution", "int8", (4, 16, 4), mac=0.011, output=0.3, tap=0.05, operator=300),
        OperatorCosts("dense", "int8", (1, 16, 4), weight=0.02, operator=80),
        OperatorCosts("depthwise 9", "int8", (1, 8, 1), mac=0.03, run=2, operator=200),
        OperatorCosts("ADD", "int8", element=0.07, operator=40),
    ),
)


@cache
def small_network(channels: int = 24, precision: str = "int8") -> TfliteModel:
    """A convolution, a depthwise one, a 1x1 one and an addition."""
    network = NetworkBuilder(precision)
    first = network.convolution(network.input(1, 12, 12, 3), channels, 3, stride=2)
    second = network.convolution(network.depthwise(first, 3), channels)
    return read_tflite(network.finish(network.binary("ADD", first, second)))


def observed(works: Sequence[tuple[Work, ...]], device: Prediction = DEVICE) -> list[Observation]:
    """What such networks cost on a device."""
    costs = CostModel(device)
    return [
        Observation(
            f"network {place}",
            each,
            costs.call + costs.weights_cost(each) + sum(costs.operator_cost(work) for work in each),
        )
        for place, each in enumerate(works)
    ]


def chain(kind: str, rows: int, columns: int, depth: int, taps: int = 1, repeats: int = 2) -> tuple[Work, ...]:
    """Equal operators in int8."""
    weights = columns * depth * taps
    one = Work(kind, "int8", rows, columns, taps, depth, rows * columns, rows, weights, rows * (columns + depth))
    return (one,) * repeats
