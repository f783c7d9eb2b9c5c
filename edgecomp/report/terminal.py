"""The same summary for a terminal: a rich table, and plain lines for logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgecomp.report.comparison import Cell, compare
from edgecomp.report.formats import decibels, shortened
from edgecomp.report.sections.accuracy import read_accuracy
from edgecomp.report.sections.findings import findings_line, first_blocker
from edgecomp.report.sections.layers import Layer, by_concern, read_layers
from edgecomp.report.sections.mistakes import other_warnings
from edgecomp.report.sections.robustness import read_robustness
from edgecomp.report.sections.trials import choice_line
from edgecomp.report.sections.weights import weights_line
from edgecomp.report.slower import slower_words
from edgecomp.report.subject import subject_of
from edgecomp.report.verdict import judge

if TYPE_CHECKING:
    from rich.table import Table

MAX_LINES = 10
MISTAKES = 2
ROWS = ("Agreement", "File size", "Latency, p50")
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

    comparison, verdict = compare(report), judge(report)
    caption = text(f"{verdict.title}.", "", OUTCOMES[verdict.outcome])
    for one in verdict.mistakes[:MISTAKES]:
        caption.append(f"\n{_line(one.sentence, 900)}", "red")
    caption.append(f"\n{_line(verdict.reason, 600)}")
    speed, choice = slower_words(report), choice_line(report)
    for line in (_compared(report), speed, _robustness(report), choice, weights_line(report)):
        caption.append(f"\n{_line(line, 600)}" if line else "")
    if found := findings_line(report):
        caption.append(f"\n{_line(found, 300)}", "bold red" if first_blocker(report) else "yellow")
    table = Table(title=text(_headline(report)), caption=caption, caption_justify="left")
    table.add_column("")
    for column in comparison.columns:
        table.add_column(text(column.name, column.note), justify="right")
    for row in comparison.rows:
        cells = [text(cell.text, cell.note, note_style=TONES.get(cell.tone, "dim")) for cell in row.cells]
        table.add_row(text(row.name, row.note), *cells)
    return table


def summary_lines(report: Mapping[str, Any]) -> list[str]:
    """The verdict, what looks like a mistake, the figures that matter most and what stood out.

    Args:
        report: a report that `validate_report` accepts.

    Returns:
        At most ten lines without control codes; where there is more to say, what matters least is left out.
    """
    comparison, verdict = compare(report), judge(report)
    rows = [row for row in comparison.rows if row.name in ROWS or row is comparison.rows[0]]
    grid = [
        ["", *(column.name for column in comparison.columns)],
        *([row.name, *(_cell(cell) for cell in row.cells)] for row in rows),
    ]
    widths = [max(len(line[place]) for line in grid) for place in range(len(grid[0]))]
    table = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in grid]
    mistakes = [f"mistake: {one.sentence}" for one in verdict.mistakes[:MISTAKES]]
    lines = (f"{_headline(report)}: {verdict.title}. {verdict.reason}", *mistakes, *table, *_remarks(report))
    return [_line(line, 600) for line in lines][:MAX_LINES]


def _headline(report: Mapping[str, Any]) -> str:
    subject = subject_of(report)
    return f"{shortened(subject.model, 80)} {subject.joint} {shortened(subject.other, 80)}"


def _cell(cell: Cell) -> str:
    return f"{cell.text} ({cell.note})" if cell.note else cell.text


def _remarks(report: Mapping[str, Any]) -> list[str]:
    """What matters most first."""
    worst = next((layer for layer in by_concern(read_layers(report)) if layer.concern_db is not None), None)
    warnings = other_warnings(report)
    said = f"{len(warnings)} {'warning' if len(warnings) == 1 else 'warnings'}"
    remarks = (
        _compared(report),
        slower_words(report),
        _robustness(report),
        findings_line(report),
        weights_line(report),
        f"{said}: {shortened(warnings[0], 200)}" if warnings else "",
        _made(report),
        _blame(worst) if worst else "",
    )
    return [one for one in remarks if one]


def _compared(report: Mapping[str, Any]) -> str:
    """Whether the loss is chance, and how many samples would tell."""
    return " ".join(read_accuracy(report).words[:2])


def _robustness(report: Mapping[str, Any]) -> str:
    return read_robustness(report).words


def _made(report: Mapping[str, Any]) -> str:
    preprocess = report.get("preprocess") or {}
    named = f"preprocessing {shortened(preprocess['name'], 80)}" if preprocess.get("name") else ""
    return "; ".join(part for part in (choice_line(report), named) if part)


def _blame(layer: Layer) -> str:
    said = "largest error in" if layer.own_sqnr_db is None else "most error added by"
    return f"{said} {shortened(layer.name, 80)}: {decibels(layer.concern_db)}"


def _line(text: str, limit: int) -> str:
    """A name that came with a file, without anything that would steer a terminal."""
    return shortened("".join(char if char.isprintable() else "�" for char in text), limit)
