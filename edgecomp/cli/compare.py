"""`edgecomp compare`: results side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ..errors import BudgetError

if TYPE_CHECKING:
    from ..compare import Comparison


@click.command("compare")
@click.argument("results", nargs=-1, required=True, metavar="RESULT RESULT...")
@click.option("--across-devices", is_flag=True, help="Compare figures of different devices too.")
@click.option("--fail-if", "gates", multiple=True, metavar="CONDITION", help="End with 3 when it holds: latency>1.1.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(results: tuple[str, ...], across_devices: bool, gates: tuple[str, ...], as_json: bool) -> None:
    """Compare results with the first of them.

    RESULT is what edgecomp-runtime bench wrote (--json or --out), a report.json of edgecomp convert (add :float or
    :stock for its other models), or the --json of edgecomp evaluate and profile. Better and worse are said only where
    the intervals of two figures do not overlap.

    Conditions are multiples of the first result's figure (latency>1.1, size>=1), percentage points for accuracy and
    agreement (accuracy<-0.5), and drop>0.5 for accuracy lost.
    """
    from ..compare import compare, parse_gate, read_results
    from ..compare.gates import failures

    conditions = [parse_gate(text) for text in gates]
    comparison = compare([one for path in results for one in read_results(path)], across_devices=across_devices)
    failed = [sentence for gate in conditions for sentence in failures(comparison, gate)]
    if as_json:
        click.echo(json.dumps({**comparison.to_dict(), "failed": failed}, indent=1, allow_nan=False))
    else:
        _show(comparison)
    if failed:
        raise BudgetError("; ".join(failed))


def _show(comparison: Comparison) -> None:
    from rich.console import Console

    from ..compare.table import comparison_table, legend, remarks

    for line in legend(comparison):
        click.echo(line)
    Console(markup=False, highlight=False).print(comparison_table(comparison))
    for line in remarks(comparison):
        click.echo(line)
