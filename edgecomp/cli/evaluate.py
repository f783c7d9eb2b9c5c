"""`edgecomp evaluate`: what a file is worth on labelled data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..errors import BudgetError
from .evaluation_text import lines
from .options import opening_options, privacy_options, reading_options
from .shapes import parse_input_shape

_DATA = "Samples: a folder with a sub-folder per class, .npz with x and y, .csv or package.module:callable."
_METRIC = (
    "What is measured: classification, keyword, multilabel, regression, anomaly, segmentation, detection, or a "
    "function of your own as package.module:callable. [default: told by shapes and labels]"
)
_ROBUSTNESS = (
    "Make the inputs worse and see what is left: noise, blur, jpeg, brightness, darkness, contrast, shift, rotation, "
    "with commas between them, or all; fgsm and pgd attack the float Keras model and are tried on all files."
)
_SEEN = "What the model was trained or calibrated on: samples of --data that are in it are counted."

_MAPS = "With --against: how long to look at what both models look at, by covering parts of a few samples; 0 for none."
_SCENARIO = "With --against: time both, and weigh all figures for a phone, camera (on battery), car or gateway."
_WEIGHTS = (
    "Weights of your own, in place of those of the scenario: of accuracy, latency, size, memory, energy and macs; and "
    "halves, the points of accuracy whose loss is as bad as twice the cost."
)


@click.command("evaluate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", required=True, help=_DATA)
@click.option("--against", type=click.Path(path_type=Path), help="Another model, to compare the answers with.")
@click.option("--metric", metavar="NAME", help=_METRIC)
@click.option("--max-drop", type=click.FloatRange(0, 100), help="End with 3 when more percentage points are lost.")
@click.option("--robustness", metavar="NAMES", help=_ROBUSTNESS)
@click.option("--robustness-samples", type=click.IntRange(min=1), default=500, show_default=True)
@click.option("--stream", type=click.IntRange(min=1), default=None, help="Run so many inferences; see what drifts.")
@click.option("--seen", metavar="DATA", help=_SEEN)
@click.option("--maps", type=click.FloatRange(min=0), default=10.0, show_default=True, metavar="SECONDS", help=_MAPS)
@click.option("--scenario", metavar="NAME", help=_SCENARIO)
@click.option("--weights", metavar="NAME=NUMBER,…", help=_WEIGHTS)
@reading_options
@click.option("--limit", type=click.IntRange(min=1), help="Samples used at most, evenly spread.")
@opening_options
@privacy_options
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page, which opens offline.")
@click.option("--md", type=click.Path(path_type=Path, dir_okay=False), help="Also write Markdown for a pull request.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    input_shape: str | None,
    as_json: bool,
    html: Path | None,
    md: Path | None,
    robustness: str | None,
    robustness_samples: int,
    stream: int | None,
    seen: str | None,
    maps: float,
    scenario: str | None,
    weights: str | None,
    **options: Any,
) -> None:
    """Measure the accuracy of FILE: a .tflite, a Keras model or a bundle.

    With --against also how its answers differ from another model's, whether that is chance, and how many samples would
    tell. What looks like a mistake (labels in another order, inputs of another scale, one damaged layer, samples seen
    before) is said in words.
    """
    from ..evaluate.cost.scenarios import scenario as chosen
    from ..pipeline.evaluate import Extras, evaluate_files
    from ..report import check_place

    for path in (html, md):
        check_place(path)
    if options["against"] is None:
        _refuse_without_another(options["max_drop"], scenario or weights)
    result = evaluate_files(
        **options,
        extras=Extras(
            robustness,
            robustness_samples,
            stream or 0,
            seen,
            map_seconds=maps,
            scenario=chosen(scenario, weights) if scenario or weights else None,
        ),
        input_shape=parse_input_shape(input_shape),
        console=Console(stderr=True),
    )
    _write(result, html, md)
    if as_json:
        click.echo(json.dumps(result, indent=1, allow_nan=False))
    else:
        for line in lines(result):
            click.echo(line)
    _hold_to_budget(result, options["max_drop"])


def _refuse_without_another(max_drop: float | None, costs: str | None) -> None:
    if max_drop is not None:
        raise click.UsageError("--max-drop needs --against, the model that accuracy is lost from")
    if costs:
        raise click.UsageError("--scenario needs --against, the model that costs are held against")


def _hold_to_budget(result: dict[str, Any], allowed: float) -> None:
    comparison = result["comparison"] or {}
    if comparison.get("within_budget") is False:
        lost = 100 * comparison["drop"]
        raise BudgetError(f"{result['file']}: {lost:.2f} points are lost, {allowed:g} are allowed")


def _write(result: dict[str, Any], html: Path | None, md: Path | None) -> None:
    from ..report import evaluation_report, render_html, render_markdown, write_page

    report = evaluation_report(result)
    for path, render in ((html, render_html), (md, render_markdown)):
        if path is not None:
            write_page(path, render(report))
