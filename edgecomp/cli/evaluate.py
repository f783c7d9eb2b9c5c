"""`edgecomp evaluate`: accuracy of a file on labelled data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from .options import opening_options, reading_options
from .shapes import parse_input_shape

_DATA = "Samples: a folder with a sub-folder per class, .npz with x and y, .csv or package.module:callable."


@click.command("evaluate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", required=True, help=_DATA)
@click.option("--against", type=click.Path(path_type=Path), help="Another model, to compare the answers with.")
@reading_options
@click.option("--limit", type=click.IntRange(min=1), help="Samples used at most, evenly spread.")
@opening_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(input_shape: str | None, as_json: bool, **options: Any) -> None:
    """Measure the accuracy of FILE: a .tflite, a Keras model or a bundle."""
    from ..pipeline.evaluate import evaluate_files

    result = evaluate_files(**options, input_shape=parse_input_shape(input_shape), console=Console(stderr=True))
    if as_json:
        click.echo(json.dumps(result, indent=1, allow_nan=False))
        return
    for line in _lines(result):
        click.echo(line)


def _lines(result: dict[str, Any]) -> list[str]:
    lines = [f"{result['file']}: {_metric(result['metric'])}"]
    against = result["against"]
    if against:
        lines.append(f"{against['file']}: {_metric(against['metric'])}")
        if result["agreement"] is not None:
            lines.append(f"same answer as {against['file']}: {result['agreement']:.2%} of {result['n']}")
        if result["sqnr_db"] is not None:
            lines.append(f"signal to noise against {against['file']}: {result['sqnr_db']:.1f} dB")
    lines.append(f"preprocessing: {result['preprocess']['name']} ({result['preprocess']['reason']})")
    return lines + [f"warning: {warning}" for warning in result["warnings"]]


def _metric(metric: dict[str, Any] | None) -> str:
    if metric is None:
        return "accuracy not measured: the samples have no labels"
    if metric["name"] == "top1":
        return f"{metric['value']:.2%} right of {metric['n']}"
    return f"{metric['name']} {metric['value']:.6g} over {metric['n']}"
