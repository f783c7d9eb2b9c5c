"""Ranges too narrow for integer kernels are widened, where that loses nothing."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..tflite import Operator, Subgraph, TfliteModel
from .ranges import Ranges

FINEST_STEP = 1 / 64
"""Least output step in units of the accumulator, which is a step of the input times one of the weights. Below 1, an
output has steps that no sum of products can tell apart; at 1/256 XNNPACK refuses the whole network."""

# Positions of the data and of the weights among the inputs, by operator.
_OPERANDS = {
    "CONV_2D": (0, 1),
    "DEPTHWISE_CONV_2D": (0, 1),
    "FULLY_CONNECTED": (0, 1),
    "TRANSPOSE_CONV": (2, 1),
}


def widen_narrow(model: TfliteModel, ranges: Ranges) -> Ranges:
    """Widens the ranges of tensors that are all but dead, as behind a ReLU that never fires on the calibration samples.

    Args:
        model: the float file.
        ranges: as observed.

    Returns:
        The same ranges, all of them holding 0 and wide enough for integer kernels.
    """
    widened = {name: _at_least(low, high, 0.0) for name, (low, high) in ranges.items()}
    graph = model.main
    for operator in graph.operators:
        unit = _accumulator_unit(graph, operator, widened)
        output = graph.tensors[operator.outputs[0]].name if operator.outputs else ""
        if unit is not None and output in widened:
            widened[output] = _at_least(*widened[output], 255 * unit * FINEST_STEP)
    return widened


def _at_least(low: float, high: float, width: float) -> tuple[float, float]:
    low, high = min(low, 0.0), max(high, 0.0)
    missing = width - (high - low)
    return (low, high) if missing <= 0 else (low, high + missing)


def _accumulator_unit(graph: Subgraph, operator: Operator, ranges: Ranges) -> float | None:
    """What one step of the input times one of the largest weights' scale is worth; None for other operators."""
    if operator.name not in _OPERANDS:
        return None
    data, weights = (graph.tensors[operator.inputs[place]] for place in _OPERANDS[operator.name])
    if data.name not in ranges or not weights.is_constant:
        return None
    try:
        largest = float(np.abs(weights.values().astype(np.float64)).max(initial=0.0))
    except InputError:  # stored in a way that NumPy cannot show
        return None
    low, high = ranges[data.name]
    return (high - low) / 255 * largest / 127
