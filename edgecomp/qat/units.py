"""What a step of an optimizer should mean: the unit that each weight and each bias is counted in."""

from __future__ import annotations

import numpy as np

from .plan import QatPlan, Step, Weights

_LEAST = 1e-3
"""Of a channel's unit, as a share of the largest of its tensor: channels that are all but dead must be able to move."""


def units_of(plan: QatPlan) -> dict[int, np.ndarray]:
    """The units of all tensors that are trained, by index: float32 that broadcasts with the tensor.

    A weight's unit is the largest weight of its channel, and a bias's is what one such weight can add to the result.
    """
    units: dict[int, np.ndarray] = {}
    for step in plan.steps:
        for operand in step.operands:
            if isinstance(operand, Weights):
                unit = _largest(plan, operand)
                units[operand.tensor] = unit
                if operand.bias is not None:
                    units[operand.bias] = _of_bias(plan, step, operand, unit)
    return units


def _largest(plan: QatPlan, weights: Weights) -> np.ndarray:
    values = np.abs(plan.network.main.tensors[weights.tensor].values())
    others = tuple(one for one in range(values.ndim) if one != weights.axis)
    largest = values.max(axis=others, keepdims=True, initial=0)
    overall = float(largest.max(initial=0)) or 1.0
    return np.maximum(largest, _LEAST * overall).astype(np.float32)


def _of_bias(plan: QatPlan, step: Step, weights: Weights, unit: np.ndarray) -> np.ndarray:
    assert weights.bias is not None
    width = 1.0
    if weights.data_grid is not None:
        grid = plan.grids[weights.data_grid]
        width = max(grid.high, -grid.low)
    channels = plan.network.main.tensors[weights.bias].shape[0]
    return np.broadcast_to(unit.reshape(-1) * np.float32(width), (channels,)).astype(np.float32)
