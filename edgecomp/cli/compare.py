"""`edgecomp compare`: results side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import BudgetError

if TYPE_CHECKING:
    from ..compare import Comparison

_FAIL_IF = (
    "End with 3 when it holds for any result but the first: latency>1.1, drop>0.5; with and, or and brackets between "
    "several."
)

_SCENARIO = "Weigh all costs against the first result's, for a phone, camera (on battery), car or gateway."
_WEIGHTS = "Weights of your own, such as latency=5,energy=0, in place of those of the scenario."


@click.command("compare")
@click.argument("results", nargs=-1, required=True, metavar="RESULT RESULT...")
@click.option("--across-devices", is_flag=True, help="Compare figures of different devices too.")
@click.option("--fail-if", "gates", multiple=True, metavar="CONDITION", help=_FAIL_IF)
@click.option("--scenario", metavar="NAME", help=_SCENARIO)
@click.option("--weights", metavar="NAME=NUMBER,…", help=_WEIGHTS)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page, which opens offline.")
@click.option("--md", type=click.Path(path_type=Path, dir_okay=False), help="Also write Markdown for a pull request.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    results: tuple[str, ...],
    across_devices: bool,
    gates: tuple[str, ...],
    scenario: str | None,
    weights: str | None,
    html: Path | None,
    md: Path | None,
    as_json: bool,
) -> None:
    """Compare results with the first of them.

    RESULT is what edgecomp-runtime bench wrote (--json or --out), a report.json of edgecomp convert or the folder that
    it is in (add :float or :stock for its other models), or the --json of edgecomp evaluate and profile. A report.json
    alone is held against its own float model. Better and worse are said only where the intervals of two figures do not
    overlap.

    Conditions are multiples of the first result's figure (latency>1.1, size>=1), percentage points for accuracy and
    agreement (accuracy<-0.5), drop>0.5 for accuracy lost, and with --scenario worth<1:
    --fail-if "drop>0.5 or latency>1.1 and size>1".
    """
    from ..compare import compare, parse_gate, read_all
    from ..compare.gates import failures
    from ..evaluate.cost.scenarios import scenario as chosen
    from ..report import check_place

    for path in (html, md):
        check_place(path)
    conditions = [parse_gate(text) for text in gates]
    counted = chosen(scenario, weights) if scenario or weights else None
    comparison = compare(read_all(results), across_devices=across_devices, scenario=counted)
    failed = [sentence for gate in conditions for sentence in failures(comparison, gate)]
    _write(comparison, gates, failed, html, md)
    if as_json:
        click.echo(json.dumps({**comparison.to_dict(), "failed": failed}, indent=1, allow_nan=False))
    else:
        _show(comparison, gates, failed)
    if failed:
        raise BudgetError("; ".join(failed))


def _write(
    comparison: Comparison, gates: Sequence[str], failed: Sequence[str], html: Path | None, md: Path | None
) -> None:
    from ..compare.html import render_comparison
    from ..compare.markdown import comparison_markdown
    from ..report import write_page

    for path, render in ((html, render_comparison), (md, comparison_markdown)):
        if path is not None:
            write_page(path, render(comparison, gates, failed))


def _show(comparison: Comparison, gates: Sequence[str], failed: Sequence[str]) -> None:
    from rich.console import Console

    from ..compare.table import comparison_table
    from ..compare.words import headline, legend, remarks

    for line in legend(comparison):
        click.echo(line)
    Console(markup=False, highlight=False).print(comparison_table(comparison))
    top = headline(comparison, gates, failed)
    for line in (*top.lines, *(f"mistake in {one}" for one in top.mistakes), *remarks(comparison)):
        click.echo(line)
