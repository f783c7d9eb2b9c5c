"""The robustness of results side by side: read from their files, and as plots with a line for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..report.formats import MISSING, percent, shortened
from ..report.plots.axis import Tick, scale
from ..report.plots.curves import Line, line, share_levels
from ..report.sections.robustness import curve_title
from .json_object import JsonObject
from .result import Curve, Result

MOST_RESULTS = 6
"""That a plot has lines for; more could not be told apart."""

MOST_CURVES = 16
NAME_LIMIT = 60

LETTER_GAP = 9.0
"""Percent of a panel's height that the letters at the ends of lines need."""


@dataclass(frozen=True)
class CurveLine:
    """One result's line.

    Args:
        place: of the result, from 0 on.
        line: as it is drawn.
        texts: its figures.
        label: where its letter stands, in percent from the top.
    """

    place: int
    line: Line
    texts: tuple[str, ...]
    label: float


@dataclass(frozen=True)
class CurvePanel:
    """One way of making inputs worse.

    Args:
        name: which.
        unit: of the strengths.
        strengths: as texts.
        lines: of the results that were measured at these strengths.
        levels: ticks of the vertical axis, the same for all panels.
        places: ticks of the horizontal one.
    """

    name: str
    unit: str
    strengths: tuple[str, ...]
    lines: tuple[CurveLine, ...]
    levels: tuple[Tick, ...]
    places: tuple[Tick, ...]


def robustness_curves(evaluation: JsonObject, model: JsonObject, *, reference: bool) -> dict[str, Curve]:
    """The curves in the result of an evaluation.

    Args:
        evaluation: that result.
        model: whose metric tells whether they are of top-1.
        reference: whether to take those of the file that it was held against.

    Raises:
        InputError: something in them is not what it should be.
    """
    if model.inside("metric").text("name") != "top1":
        return {}
    found = {}
    robustness = evaluation.inside("robustness")
    for place, one in enumerate(robustness.items("curves")):
        curve = JsonObject(f"{robustness.where}: curves[{place}]", one)
        values = {}
        for point in (JsonObject(f"{curve.where}: a point", point) for point in curve.items("points")):
            strength = point.number("strength")
            value = (point.inside("against") if reference else point).number("value")
            if strength is not None and value is not None:
                values[strength] = value
        if len(values) > 1:
            found[curve.text("name") or "unnamed"] = Curve(curve.text("unit") or "", values)
    return found


def curve_panels(results: Sequence[Result]) -> tuple[CurvePanel, ...]:
    """A panel for everything that at least two results were measured with, at the same strengths."""
    shown = list(enumerate(results[:MOST_RESULTS]))
    shared = []
    for name in dict.fromkeys(name for _, one in shown for name in one.curves):
        known = [(place, one.curves[name]) for place, one in shown if name in one.curves]
        alike = [(place, one) for place, one in known if list(one.values) == list(known[0][1].values)]
        if len(alike) > 1:
            shared.append((name, alike))
    values = [value for _, alike in shared for _, one in alike for value in one.values.values()]
    if not values:
        return ()
    bottom, step, top = scale(min(values), max(values))
    return tuple(_panel(name, alike, (bottom, step, top)) for name, alike in shared[:MOST_CURVES])


def _panel(name: str, alike: Sequence[tuple[int, Curve]], axis: tuple[float, float, float]) -> CurvePanel:
    bottom, step, top = axis
    first = alike[0][1]
    strengths = tuple("none" if one == 0 else f"{one:.3g}" for one in first.values)
    lefts = [100 / len(strengths) * (place + 0.5) for place in range(len(strengths))]
    nothing = [None] * len(strengths)
    drawn = [line(lefts, list(one.values.values()), nothing, (bottom, top)) for _, one in alike]
    labels = _apart([one.dots[-1][1] for one in drawn])
    lines = tuple(
        CurveLine(
            place,
            shape,
            tuple(percent(value) if 0 <= value <= 1 else MISSING for value in one.values.values()),
            label,
        )
        for (place, one), shape, label in zip(alike, drawn, labels, strict=True)
    )
    places = tuple(Tick(left, text) for left, text in zip(lefts, strengths, strict=True))
    return CurvePanel(
        curve_title(shortened(name, NAME_LIMIT)),
        shortened(first.unit, NAME_LIMIT),
        strengths,
        lines,
        share_levels(bottom, step, top, share=True),
        places,
    )


def _apart(ends: Sequence[float]) -> list[float]:
    """The ends of lines, moved down as far as their letters would hide each other."""
    moved = list(ends)
    last = -LETTER_GAP
    for place in sorted(range(len(ends)), key=lambda place: ends[place]):
        last = moved[place] = max(ends[place], last + LETTER_GAP)
    return moved
