"""A comparison for a terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from ..report.formats import significant
from .comparing import Against, Comparison
from .quantities import QUANTITIES
from .result import Figure, Result

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


def legend(comparison: Comparison) -> list[str]:
    """Which result is which."""
    lines = []
    for place, one in enumerate(comparison.results):
        setting = f" ({one.setting})" if one.setting else ""
        lines.append(f"{letter(place)}  {one.name}{setting}")
    return lines


def letter(place: int) -> str:
    """A, B, C, ...; numbers after Z."""
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def remarks(comparison: Comparison) -> list[str]:
    """What has to be said beside the table."""
    lines = ["Ratios and verdicts are against A; the interval of a ratio is what both intervals allow."]
    lines += _about_models(comparison)
    if len(comparison.devices) > 1:
        lines.append(f"Different devices: {'; '.join(comparison.devices)}.")
    wrong = [(place, one) for place, one in enumerate(comparison.results) if one.valid is False]
    lines += [f"{letter(place)} is not valid: {_why(one)}." for place, one in wrong]
    if any(one.verdict == "no interval" for one in comparison.against):
        lines.append("Where there is no verdict, a figure has no interval and may differ by chance.")
    return lines


def _about_models(comparison: Comparison) -> list[str]:
    if comparison.same_model is None:
        return []
    if comparison.same_model:
        return ["All are of the same model file."]
    named = (
        f"{letter(place)} {one.model_sha256[:12] if one.model_sha256 else 'does not say'}"
        for place, one in enumerate(comparison.results)
    )
    return [f"Different model files, by SHA-256: {', '.join(named)}."]


def _why(result: Result) -> str:
    return "; ".join(result.reasons) or "it does not say why"


def _first(name: str, figure: Figure | None) -> Text:
    text = Text(QUANTITIES[name].text(None if figure is None else figure.value))
    if figure is not None and figure.low is not None and figure.high is not None and figure.low < figure.high:
        text.append(f"\n{_span(name, figure)}", style="dim")
    return text


def _cell(one: Against) -> Text:
    text = _first(one.quantity, one.figure)
    against = _against(one)
    if against:
        text.append(f"\n{against}")
    if one.verdict not in ("not measured", "no interval"):
        text.append(f"\n{one.verdict}", style=_TONES.get(one.verdict, "dim"))
    return text


def _against(one: Against) -> str:
    if one.difference is not None:
        span = _interval(one.difference, lambda value: f"{value:+.2f}")
        return f"{one.difference.value:+.2f} {QUANTITIES[one.quantity].difference}{span}"
    if one.ratio is not None:
        return f"{significant(one.ratio.value)}×{_interval(one.ratio, significant)}"
    return ""


def _interval(figure: Figure, text: Callable[[float], str]) -> str:
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return ""
    return f" ({text(figure.low)} .. {text(figure.high)})"


def _span(name: str, figure: Figure) -> str:
    text = QUANTITIES[name].text
    return f"{text(figure.low)} .. {text(figure.high)}"
