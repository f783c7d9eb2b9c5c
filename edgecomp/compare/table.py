"""A comparison for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from .comparing import Against, Comparison
from .quantities import QUANTITIES
from .result import Figure
from .words import against_text, figure_text, letter, span_text, verdict_text

_TONES = {"better": "green", "worse": "red", "not valid": "yellow"}


def comparison_table(comparison: Comparison) -> Table:
    """A row for each quantity, a column for each result."""
    table = Table()
    table.add_column("")
    for place, one in enumerate(comparison.results):
        heading = Text(letter(place))
        heading.append("\nNOT VALID" if one.valid is False else "", style="yellow")
        table.add_column(heading, justify="right")
    for name in comparison.quantities:
        first = comparison.results[0].figures.get(name)
        cells = [_first(name, first)]
        cells += [_cell(one) for one in comparison.against if one.quantity == name]
        table.add_row(QUANTITIES[name].title, *cells)
    return table


def _first(name: str, figure: Figure | None) -> Text:
    text = Text(figure_text(name, figure))
    span = span_text(name, figure)
    return text.append(f"\n{span}", style="dim") if span else text


def _cell(one: Against) -> Text:
    text = _first(one.quantity, one.figure)
    against, verdict = against_text(one), verdict_text(one)
    if against:
        text.append(f"\n{against}")
    if verdict:
        text.append(f"\n{verdict}", style=_TONES.get(one.verdict, "dim"))
    return text
