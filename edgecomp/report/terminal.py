"""The same summary for a terminal: a rich table, and plain lines for logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgecomp.report.comparison import Cell, compare
from edgecomp.report.findings import findings_line, first_blocker
from edgecomp.report.formats import decibels, shortened
from edgecomp.report.layers import Layer, by_concern, read_layers
from edgecomp.report.trials import choice_line
from edgecomp.report.verdict import judge, model_name

if TYPE_CHECKING:
    from rich.table import Table

MAX_LINES = 12
TONES = {"better": "green", "worse": "red", "invalid": "red"}
OUTCOMES = {"ship": "bold green", "stop": "bold red", "open": "bold yellow"}


def summary_table(report: Mapping[str, Any]) -> Table:
    """The three-way table of float, stock converter and ours, titled by the verdict.

    Args:
        report: a report that `validate_report` accepts.
    """
    from rich.table import Table
    from rich.text import Text

    def text(head: str, note: str = "", style: str = "", note_style: str = "dim") -> Text:
        return Text.assemble((_line(head, 300), style), *([(f"\n{_line(note, 300)}", note_style)] if note else []))

    comparison, verdict, chosen = compare(report), judge(report), choice_line(report)
    caption = text(f"{verdict.title}.", verdict.reason, OUTCOMES[verdict.outcome], "")
    if chosen:
        caption.append(f"\n{_line(chosen, 300)}")
    if found := findings_line(report):
        caption.append(f"\n{_line(found, 300)}", "bold red" if first_blocker(report) else "yellow")
    table = Table(
        title=text(f"{model_name(report)} for {report['target']}"),
        caption=caption,
        caption_justify="left",
    )
    table.add_column("")
    for column in comparison.columns:
        table.add_column(text(column.name, column.note), justify="right")
    for row in comparison.rows:
        cells = [text(cell.text, cell.note, note_style=TONES.get(cell.tone, "dim")) for cell in row.cells]
        table.add_row(text(row.name, row.note), *cells)
    return table


def summary_lines(report: Mapping[str, Any]) -> list[str]:
    """The verdict, the figures that matter most and what stood out, in at most twelve lines without control codes.

    Args:
        report: a report that `validate_report` accepts.
    """
    comparison, verdict = compare(report), judge(report)
    wanted = ("File size", "Gzipped", "Latency, p50", "Agreement")
    rows = [row for row in comparison.rows if row.name in wanted or row is comparison.rows[0]]
    grid = [
        ["", *(column.name for column in comparison.columns)],
        *([row.name, *(_cell(cell) for cell in row.cells)] for row in rows),
    ]
    widths = [max(len(line[place]) for line in grid) for place in range(len(grid[0]))]
    table = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in grid]
    headline = f"{shortened(model_name(report), 80)} for {shortened(report['target'], 80)}: {verdict.title}."
    return [_line(line, 400) for line in (f"{headline} {verdict.reason}", *table, *_remarks(report))][:MAX_LINES]


def _cell(cell: Cell) -> str:
    return f"{cell.text} ({cell.note})" if cell.note else cell.text


def _remarks(report: Mapping[str, Any]) -> list[str]:
    preprocess, chosen = report.get("preprocess") or {}, choice_line(report)
    worst = next((layer for layer in by_concern(read_layers(report)) if layer.concern_db is not None), None)
    warnings, found = report.get("warnings") or [], findings_line(report)
    return [
        *([chosen] if chosen else []),
        *([f"preprocessing {shortened(preprocess['name'], 80)}"] if preprocess.get("name") else []),
        *([_blame(worst)] if worst else []),
        *([found] if found else []),
        *(
            [f"{len(warnings)} {'warning' if len(warnings) == 1 else 'warnings'}: {shortened(warnings[0], 200)}"]
            if warnings
            else []
        ),
    ]


def _blame(layer: Layer) -> str:
    said = "largest error in" if layer.own_sqnr_db is None else "most error added by"
    return f"{said} {shortened(layer.name, 80)}: {decibels(layer.concern_db)}"


def _line(text: str, limit: int) -> str:
    """A name that came with a file, without anything that would steer a terminal."""
    return shortened("".join(char if char.isprintable() else "�" for char in text), limit)
