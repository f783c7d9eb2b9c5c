"""How a share of right answers falls with the strength of something, for two models: two lines with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgecomp.report.plots.axis import Tick, from_top, scale, ticks

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Line:
    """One model's.

    Args:
        dots: (from the left, from the top) in percent, where something was measured.
        path: the line through them, of an SVG box of 100 by 100.
        band: what lies between the intervals' ends, likewise; empty without intervals.
    """

    dots: tuple[tuple[float, float], ...]
    path: str
    band: str


@dataclass(frozen=True)
class CurvePlot:
    """Both lines.

    Args:
        ours: our model's.
        reference: the float model's, or None.
        levels: ticks of the vertical axis.
        places: ticks of the horizontal axis, evenly apart: strengths are graded, not linear.
        marked: index of the place from which on ours is worse beyond chance, or None.
    """

    ours: Line
    reference: Line | None
    levels: tuple[Tick, ...]
    places: tuple[Tick, ...]
    marked: int | None


def curve_plot(
    strengths: Sequence[str],
    ours: Sequence[float | None],
    reference: Sequence[float | None],
    intervals: tuple[Sequence[Interval], Sequence[Interval]],
    marked: int | None,
    *,
    ends: tuple[float, float],
    share: bool,
) -> CurvePlot | None:
    """Draws both, or None where our model was not measured at two strengths.

    Args:
        strengths: as texts, mild ones first.
        ours: our model's figure at each.
        reference: the float model's.
        intervals: of ours and of the float model's.
        marked: see `CurvePlot`.
        ends: least and most that the vertical axis has to hold; the same for plots that are to be compared.
        share: whether the figure is a share, whose axis shows percentages.
    """
    if sum(one is not None for one in ours) < 2:
        return None
    bottom, step, top = scale(*ends)
    band = 100 / len(strengths)
    lefts = [band * (place + 0.5) for place in range(len(strengths))]

    return CurvePlot(
        ours=line(lefts, ours, intervals[0], (bottom, top)),
        reference=line(lefts, reference, intervals[1], (bottom, top)) if _any(reference) else None,
        levels=share_levels(bottom, step, top, share=share),
        places=tuple(Tick(x, text) for x, text in zip(lefts, strengths, strict=True)),
        marked=marked,
    )


def line(
    lefts: Sequence[float],
    values: Sequence[float | None],
    spans: Sequence[Interval],
    axis: tuple[float, float],
) -> Line:
    """One model's line.

    Args:
        lefts: places of the strengths, in percent from the left.
        values: of the figure there, or None.
        spans: its intervals, or None.
        axis: bottom and top of the vertical one.
    """
    dots = tuple((x, from_top(y, *axis)) for x, y in zip(lefts, values, strict=True) if y is not None)
    known = [(x, span) for x, span in zip(lefts, spans, strict=True) if span is not None]
    upper = [(x, from_top(span[1], *axis)) for x, span in known]
    lower = [(x, from_top(span[0], *axis)) for x, span in reversed(known)]
    return Line(dots, _path(dots), f"{_path([*upper, *lower])}z" if len(known) > 1 else "")


def share_levels(bottom: float, step: float, top: float, *, share: bool) -> tuple[Tick, ...]:
    """Ticks of a vertical axis, of shares as percentages."""
    levels = (round(one, 9) for one in ticks(bottom, step, top))
    return tuple(Tick(from_top(one, bottom, top), f"{100 * one:g}%" if share else f"{one:g}") for one in levels)


def _any(values: Sequence[float | None]) -> bool:
    return any(one is not None for one in values)


def _path(dots: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if place else 'M'}{x:.2f} {y:.2f}" for place, (x, y) in enumerate(dots))
