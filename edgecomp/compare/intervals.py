"""Intervals of ratios and differences of two figures."""

from __future__ import annotations

import math

from .result import Figure


def ratio(figure: Figure, base: Figure) -> Figure | None:
    """One figure as a multiple of another; None where that is not above 0, or the figure is below it.

    The interval is from the least to the most that both intervals allow.
    """
    if base.value <= 0 or figure.value < 0:
        return None
    value = figure.value / base.value
    if not math.isfinite(value):
        return None
    known = _known(figure, base)
    if known is None or known[2] <= 0:
        return Figure(value)
    low, high, base_low, base_high = known
    span = low / base_high, high / base_low
    return Figure(value, *span) if all(map(math.isfinite, span)) else Figure(value)


def difference(figure: Figure, base: Figure, scale: float) -> Figure:
    """One figure less another, times `scale`, with the interval that both intervals allow."""
    value = scale * (figure.value - base.value)
    known = _known(figure, base)
    if known is None:
        return Figure(value)
    low, high, base_low, base_high = known
    return Figure(value, scale * (low - base_high), scale * (high - base_low))


def apart(figure: Figure, base: Figure) -> int | None:
    """-1 where a figure's interval lies wholly below another's, 1 above, 0 where they overlap.

    None where one has no interval.
    """
    known = _known(figure, base)
    if known is None:
        return None
    low, high, base_low, base_high = known
    if high < base_low:
        return -1
    return 1 if low > base_high else 0


def _known(figure: Figure, base: Figure) -> tuple[float, float, float, float] | None:
    """Both intervals, or None where one is missing."""
    if figure.low is None or figure.high is None or base.low is None or base.high is None:
        return None
    return figure.low, figure.high, base.low, base.high
