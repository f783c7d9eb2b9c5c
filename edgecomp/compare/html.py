"""A comparison as one page that opens offline, in the style of a conversion's report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..report.assets import page_part, page_template, source_hash
from ..report.formats import shortened
from .comparing import Against, Comparison
from .quantities import QUANTITIES
from .ratios import ratio_plot
from .result import Figure, Result
from .robustness import curve_panels
from .words import against_text, figure_text, headline, letter, remarks, span_text, verdict_text

NAME_LIMIT = 300
TEXT_LIMIT = 900
LANE_HEIGHT = 18
"""Pixels of a plot for each result, so that dots of the same ratio do not hide each other."""


@dataclass(frozen=True)
class Cell:
    """One figure: as text, its interval, and what it is against the first."""

    text: str
    span: str = ""
    against: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Row:
    """One quantity of all results."""

    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Named:
    """Which result is which."""

    letter: str
    name: str
    notes: str
    invalid: bool


def render_comparison(comparison: Comparison, gates: Sequence[str], failed: Sequence[str]) -> str:
    """Renders a comparison as one self-contained page.

    Args:
        comparison: what was compared.
        gates: the conditions that were given, as text.
        failed: what `gates.failures` said of them.

    Returns:
        The page, to be written as UTF-8.
    """
    style = page_part("page.css")
    page = page_template("edgecomp.compare", "comparison.html.j2").render(
        headline=headline(comparison, gates, failed),
        gates=[shortened(text, TEXT_LIMIT) for text in gates],
        results=[_named(place, one) for place, one in enumerate(comparison.results)],
        remarks=[shortened(text, TEXT_LIMIT) for text in remarks(comparison)],
        rows=rows(comparison),
        ratios=ratio_plot(comparison),
        panels=curve_panels(comparison.results),
        letter=letter,
        lane_height=LANE_HEIGHT,
        row_height=LANE_HEIGHT * len(comparison.results),
        style=style,
        style_hash=source_hash(style),
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def rows(comparison: Comparison) -> list[Row]:
    """The table: the first result's figures, and the others' against them."""
    found = []
    for name in comparison.quantities:
        own = [one for one in comparison.against if one.quantity == name]
        first = _first(name, comparison.results[0].figures.get(name))
        found.append(Row(QUANTITIES[name].title, (first, *map(_cell, own))))
    return found


def _first(name: str, figure: Figure | None) -> Cell:
    return Cell(figure_text(name, figure), span_text(name, figure))


def _cell(one: Against) -> Cell:
    return Cell(
        figure_text(one.quantity, one.figure),
        span_text(one.quantity, one.figure),
        against_text(one),
        verdict_text(one),
    )


def _named(place: int, one: Result) -> Named:
    notes = [one.setting, str(one.device) if one.device.facts else "", *one.reasons]
    said = "; ".join(note for note in notes if note)
    return Named(letter(place), shortened(one.name, NAME_LIMIT), shortened(said, TEXT_LIMIT), one.valid is False)
