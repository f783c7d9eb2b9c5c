"""report.md: the summary as GitHub-flavoured Markdown, for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgecomp.report.comparison import Cell, compare
from edgecomp.report.formats import decibels, shortened, size
from edgecomp.report.schema import validate_report
from edgecomp.report.sections.accuracy import Accuracy, read_accuracy
from edgecomp.report.sections.changes import read_changes
from edgecomp.report.sections.cost import read_cost
from edgecomp.report.sections.findings import read_findings
from edgecomp.report.sections.layers import by_concern, layers_summary, read_layers
from edgecomp.report.sections.mistakes import other_warnings
from edgecomp.report.sections.pictures import PictureBudget
from edgecomp.report.sections.robustness import Robustness, read_robustness
from edgecomp.report.sections.trials import choice_line
from edgecomp.report.subject import subject_of
from edgecomp.report.verdict import judge

ICONS = {"ship": "✅", "stop": "❌", "open": "❔"}
CLASSES = 5
LAYERS = 5
FINDINGS = 10
WARNINGS = 10
TEXT_LIMIT = 900

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#@!&])")


def render_markdown(report: Mapping[str, Any]) -> str:
    """Renders a report's summary.

    Args:
        report: a report of schema 1; whatever was not measured may be missing or null.

    Returns:
        Markdown, to be written as UTF-8; names out of files are escaped.

    Raises:
        InputError: the report breaks the schema.
    """
    validate_report(report)
    parts = (
        *_headline(report),
        _side_by_side(report),
        _accuracy(read_accuracy(report)),
        _robustness(read_robustness(report)),
        _changes(report),
        _cost(report),
        _findings(report),
        _layers(report),
        _folded("Warnings", _bullets(other_warnings(report)[:WARNINGS])),
        _made(report),
    )
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")


def escaped(text: str) -> str:
    """Text that came from somewhere, on one line, without anything that Markdown or HTML would act on."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in shortened(text, TEXT_LIMIT)).split())
    return _SPECIAL.sub(r"\\\1", plain)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, its first column to the left and the others to the right; empty without rows.

    Args:
        head: escaped texts.
        rows: likewise.
    """
    lines = [_row(one) for one in rows]
    if not lines:
        return ""
    return "\n".join([_row(head), _row([":---", *["---:"] * (len(head) - 1)]), *lines])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _headline(report: Mapping[str, Any]) -> list[str]:
    subject, verdict = subject_of(report), judge(report)
    return [
        f"## {ICONS[verdict.outcome]} {escaped(verdict.title)}: {escaped(subject.model)} {subject.joint} "
        f"{escaped(subject.other)}",
        "\n".join(f"- **{escaped(one.lead)}** {escaped(one.detail)}".rstrip() for one in verdict.mistakes),
        escaped(verdict.reason),
        f"> {escaped(verdict.caution)}" if verdict.caution else "",
    ]


def _side_by_side(report: Mapping[str, Any]) -> str:
    comparison = compare(report)
    head = ["", *(_noted(one.name, one.note) for one in comparison.columns)]
    return table(head, ([_noted(row.name, row.note), *map(_cell, row.cells)] for row in comparison.rows))


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    return f"{text}<br>{'⚠️ ' if cell.tone in ('worse', 'invalid') else ''}{escaped(cell.note)}" if cell.note else text


def _noted(name: str, note: str) -> str:
    return f"{escaped(name)}<br>{escaped(note)}" if note else escaped(name)


def _accuracy(accuracy: Accuracy) -> str:
    words = " ".join(escaped(one) for one in accuracy.words)
    worse = [one for one in accuracy.classes if one.change is not None and one.change < -0.0005][:CLASSES]
    lost = ", ".join(f"{escaped(one.name)} ({one.change:+.3f})".replace("-", "−") for one in worse)
    classes = f"{accuracy.class_figure} fell most for {lost}." if lost else ""
    return "\n\n".join(part for part in (words, classes) if part)


def _robustness(found: Robustness) -> str:
    rows = [
        [
            escaped(one.name),
            f"{one.rows[0].reference} → {one.rows[-1].reference}",
            f"{one.rows[0].ours} → {one.rows[-1].ours}",
            f"{'⚠️ ' if one.fragile else ''}{escaped(one.verdict)}",
        ]
        for one in found.curves
        if one.rows
    ]
    shown = table(["Inputs made worse by", "float, clean → worst", "this, clean → worst", ""], rows)
    return "\n\n".join(
        part for part in (escaped(found.words), _folded("Robustness", shown), escaped(found.stream)) if part
    )


def _changes(report: Mapping[str, Any]) -> str:
    return escaped(read_changes(report, PictureBudget(0)).words)


def _cost(report: Mapping[str, Any]) -> str:
    rows = ([escaped(one.title), one.score, escaped(one.missing)] for one in read_cost(report).scenarios)
    return _folded("What it is worth where it runs", table(["Scenario", "Score", "Not measured"], rows))


def _findings(report: Mapping[str, Any]) -> str:
    urgent = read_findings(report).urgent[:FINDINGS]
    lines = (f"**{one.severity}** {one.what}" + (f" What to do: {one.remedy}" if one.remedy else "") for one in urgent)
    return "\n".join(f"- {_bold_kept(line)}" for line in lines)


def _bold_kept(line: str) -> str:
    """Escapes all but the severity in front."""
    _, severity, rest = line.split("**", 2)
    return f"**{escaped(severity)}:** {escaped(rest)}"


def _layers(report: Mapping[str, Any]) -> str:
    layers = read_layers(report)
    worst = [one for one in by_concern(layers) if one.concern_db is not None][:LAYERS]
    rows = (
        [escaped(one.name), escaped(one.op), decibels(one.sqnr_db), decibels(one.own_sqnr_db), size(one.bytes)]
        for one in worst
    )
    summary = escaped(layers_summary(layers))
    shown = table(["Layer", "Operator", "SQNR", "Own error", "Size"], rows)
    return _folded("Layers with the largest error", "\n\n".join(part for part in (summary, shown) if part))


def _made(report: Mapping[str, Any]) -> str:
    preprocess = report.get("preprocess") or {}
    parts = [
        choice_line(report),
        f"preprocessing {preprocess['name']}" if preprocess.get("name") else "",
        report.get("created_by") or "",
    ]
    said = "; ".join(escaped(part) for part in parts if part)
    return f"<sub>{said}</sub>" if said else ""


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(text)}" for text in texts)


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{inside}\n\n</details>" if inside else ""
