"""Ratios to the first result as dots on one axis: how many times as much of each cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..report.plots.axis import Tick
from .comparing import Comparison
from .quantities import QUANTITIES
from .words import against_text, letter

LEAST_SPAN = math.log(1.25)
"""Of the axis to either side of 1, so that what is all but equal does not look far apart."""

MOST_SPAN = math.log(1000)

_STEPS = (1.0, 1.05, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


@dataclass(frozen=True)
class Dot:
    """One result's ratio; places in percent from the left.

    Args:
        letter: whose it is.
        at: where it lies.
        low: where its interval begins; None without one.
        high: where it ends.
        verdict: "better", "worse" or something else.
        title: what a pointer is told.
    """

    letter: str
    at: float
    low: float | None
    high: float | None
    verdict: str
    title: str


@dataclass(frozen=True)
class RatioRow:
    """One quantity."""

    title: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class RatioPlot:
    """All quantities that are compared by ratio; false where there are none.

    Args:
        rows: as they are shown.
        levels: ticks of the axis, which is logarithmic.
        one: where a ratio of 1 lies.
    """

    rows: tuple[RatioRow, ...]
    levels: tuple[Tick, ...]
    one: float

    def __bool__(self) -> bool:
        return bool(self.rows)


def ratio_plot(comparison: Comparison) -> RatioPlot:
    """Places the ratios of a comparison on an axis."""
    known = [one for one in comparison.against if one.ratio is not None and one.ratio.value > 0]
    values = [one.ratio.value for one in known if one.ratio is not None]
    reach = max((abs(math.log(value)) for value in values), default=0.0) * 1.15
    reach = min(max(reach, LEAST_SPAN), MOST_SPAN)

    def place(ratio: float) -> float:
        return 50 + 50 * max(-1.0, min(1.0, math.log(ratio) / reach if ratio > 0 else -1.0))

    rows = []
    for name in comparison.quantities:
        dots = [
            Dot(
                letter(one.result),
                place(one.ratio.value),
                None if one.ratio.low is None or one.ratio.high is None else place(one.ratio.low),
                None if one.ratio.low is None or one.ratio.high is None else place(one.ratio.high),
                one.verdict,
                f"{letter(one.result)}: {against_text(one)}",
            )
            for one in known
            if one.quantity == name and one.ratio is not None
        ]
        if dots:
            rows.append(RatioRow(QUANTITIES[name].title, tuple(dots)))
    return RatioPlot(tuple(rows), _levels(reach), 50.0)


def _levels(reach: float) -> tuple[Tick, ...]:
    """Round ratios, two or so to either side of 1."""
    inside = [one for one in _STEPS[1:] if math.log(one) <= reach * 0.97]
    shown = (
        inside[-1:] if len(inside) < 3 else [inside[-1], min(inside, key=lambda one: abs(math.log(one) - reach / 2))]
    )
    ticks = {1.0: "1×"}
    for one in shown:
        ticks |= {one: f"{one:g}×", 1 / one: f"1/{one:g}" if one >= 1.5 else f"{1 / one:.2g}×"}
    return tuple(Tick(50 + 50 * math.log(value) / reach, text) for value, text in sorted(ticks.items()))
