"""An interval on an axis, with what it has to be held against."""

from __future__ import annotations

from dataclasses import dataclass

from edgecomp.report.plots.axis import Tick, from_left, scale, ticks


@dataclass(frozen=True)
class SpanPlot:
    """One interval; positions in percent from the left.

    Args:
        low: where the interval begins.
        high: where it ends.
        value: where the figure lies.
        zero: where nothing is lost.
        limit: where the budget ends, or None.
        side: where the interval lies: "inside" the limit, "across" it or "beyond" it; empty without one.
        levels: ticks of the axis.
        summary: the plot in one sentence.
    """

    low: float
    high: float
    value: float
    zero: float
    limit: float | None
    side: str
    levels: tuple[Tick, ...]
    summary: str


def span_plot(value: float, low: float, high: float, *, limit: float | None, unit: str, summary: str) -> SpanPlot:
    """Draws a loss with its interval, zero and what is allowed.

    Args:
        value: what was lost.
        low: the least that it may be.
        high: the most.
        limit: what may be lost, or None.
        unit: behind the numbers of the axis.
        summary: see `SpanPlot`.
    """
    held = [0.0, low, high, value, *([] if limit is None else [limit])]
    left, step, right = scale(min(held), max(held))
    margin = 0.04 * (right - left)
    left, right = left - margin, right + margin
    marks = ticks(left + margin, step, right - margin)
    return SpanPlot(
        low=from_left(low, left, right),
        high=from_left(high, left, right),
        value=from_left(value, left, right),
        zero=from_left(0.0, left, right),
        limit=None if limit is None else from_left(limit, left, right),
        side="" if limit is None else "inside" if high <= limit else "beyond" if low > limit else "across",
        levels=tuple(Tick(from_left(one, left, right), f"{one:g}{unit}".replace("-", "−")) for one in marks),
        summary=summary,
    )
