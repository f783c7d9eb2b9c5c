"""Ends of a tensor's range that nothing behind it can tell apart, so that no integer step need be spent on them.

A hard-swish gives 0 for -3 and for -600 alike. A network whose channels rest far down there has a wide range of values
and a narrow one of meanings; clipping to the narrow one changes no result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import atanh, inf, log

import numpy as np

from ...tflite import Operator, Subgraph
from .observe import Observation, Observations

Ends = tuple[float, float]

# Integer kernels fix the steps of these results at 1/256 and 1/128; within half a step of its end a function has ended.
_SIGMOID_END = log(2 * 256 - 1)
_TANH_END = atanh(1 - 1 / 256)

_ENDS: Mapping[str, Ends] = {
    "RELU": (0.0, inf),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "HARD_SWISH": (-3.0, inf),
    "LOGISTIC": (-_SIGMOID_END, _SIGMOID_END),
    "TANH": (-_TANH_END, _TANH_END),
}
"""Beyond which values an operator gives the same for all."""

_SILU_MINIMUM = -1.2785
"""Where x * sigmoid(x) is least; it rises towards 0 on the left."""


def without_saturated(graph: Subgraph, observations: Observations) -> Observations:
    """Narrows what was seen of tensors to what their readers tell apart.

    Args:
        graph: the float network.
        observations: by tensor name.

    Returns:
        the same, with `low`, `high` and the averages of such tensors within the ends at which every reader of theirs
        has ended; histograms stay whole. Outputs of the graph are read by others and stay.
    """
    readers = _readers(graph)
    narrowed = dict(observations)
    for index, reading in readers.items():
        name = graph.tensors[index].name
        if index in graph.outputs or name not in observations:
            continue
        ends = [_ends(graph, index, one, reading, observations) for one in reading]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        if low > -inf or high < inf:
            narrowed[name] = _within(observations[name], low, high)
    return narrowed


def _readers(graph: Subgraph) -> dict[int, list[Operator]]:
    readers: dict[int, list[Operator]] = {}
    for operator in graph.operators:
        for index in operator.inputs:
            readers.setdefault(index, []).append(operator)
    return readers


def _ends(graph: Subgraph, index: int, operator: Operator, others: list[Operator], observations: Observations) -> Ends:
    """The ends of one reader; a SiLU is two of them, a sigmoid and the product with it."""
    gates = {one.outputs[0] for one in others if one.name == "LOGISTIC"}
    products = [one for one in others if one.name == "MUL" and index in one.inputs and gates.intersection(one.inputs)]
    if operator in products:
        seen = observations.get(graph.tensors[operator.outputs[0]].name)
        return (-inf, inf) if seen is None else (_silu_end((seen.high - seen.low) / 255), inf)
    if operator.name == "LOGISTIC" and products:
        return (-_SIGMOID_END, inf)
    return _ENDS.get(operator.name, (-inf, inf))


def _silu_end(step: float) -> float:
    """The value left of which x * sigmoid(x) is within half a step of 0."""
    values = np.linspace(-40, _SILU_MINIMUM, 4000)
    ended = values[values / (1 + np.exp(-values)) > -step / 2]
    return float(ended.max()) if ended.size else -inf


def _within(seen: Observation, low: float, high: float) -> Observation:
    """Zero stays within: it is an integer of every tensor."""
    low, high = min(low, 0.0), max(high, 0.0)
    return replace(
        seen,
        low=min(max(seen.low, low), high),
        high=max(min(seen.high, high), low),
        average_low=min(max(seen.average_low, low), high),
        average_high=max(min(seen.average_high, high), low),
    )
