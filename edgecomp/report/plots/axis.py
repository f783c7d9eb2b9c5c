"""Axes with round numbers, and where values lie along them."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in percent from the left or from the top, and its label."""

    at: float
    text: str


def scale(low: float, high: float, least_step: float = 0.0) -> tuple[float, float, float]:
    """Bottom, step and top of an axis that holds both values, in about four round steps (1, 2 or 5 times 10^n)."""
    span = max(high - low, abs(high) * 1e-6, 1e-9)
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(least_step, next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999))
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, step, max(top, bottom + step)


def ticks(bottom: float, step: float, top: float) -> list[float]:
    """Where an axis of these ends has its labels."""
    return [bottom + step * index for index in range(round((top - bottom) / step) + 1)]


def from_top(value: float, bottom: float, top: float) -> float:
    """Where a value lies, in percent of the height."""
    return 100 * (top - value) / (top - bottom)


def from_left(value: float, left: float, right: float) -> float:
    """Where a value lies, in percent of the width."""
    return 100 * (value - left) / (right - left)
