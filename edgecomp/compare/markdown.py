"""A comparison as GitHub-flavoured Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from ..report.markdown import ICONS, escaped, table
from .comparing import Comparison
from .html import Cell, rows
from .words import headline, legend, letter, remarks


def comparison_markdown(comparison: Comparison, gates: Sequence[str], failed: Sequence[str]) -> str:
    """Renders a comparison.

    Args:
        comparison: what was compared.
        gates: the conditions that were given, as text.
        failed: what `gates.failures` said of them.
    """
    top = headline(comparison, gates, failed)
    letters = ["", *(letter(place) for place in range(len(comparison.results)))]
    parts = (
        f"## {ICONS[top.outcome]} {top.title}",
        _bullets([*top.failed, *top.mistakes]),
        _bullets(top.lines),
        table(letters, ([escaped(row.title), *map(_cell, row.cells)] for row in rows(comparison))),
        _bullets(legend(comparison)),
        " ".join(escaped(one) for one in remarks(comparison)),
        f"Fails if {', '.join(escaped(one) for one in gates)}." if gates else "",
    )
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")


def _cell(cell: Cell) -> str:
    verdict = f"**{cell.verdict}**" if cell.verdict in ("better", "worse") else escaped(cell.verdict)
    return "<br>".join(part for part in (escaped(cell.text), escaped(cell.against), verdict) if part)


def _bullets(texts: Sequence[str]) -> str:
    return "\n".join(f"- {escaped(text)}" for text in texts)
