"""`edgecomp convert`: the main job."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..pipeline.options.conversion import ConvertOptions, RecipeOptions
from ..pipeline.options.shared import OpeningOptions
from ..pipeline.recipes.passes import IMPORTANCES, RECOVERS
from ..pipeline.recipes.weight_passes import CRITERIA
from ..planner.limits import GOALS
from ..quantize.schemes import IOS, SCHEMES
from ..quantize.settings import EFFORTS
from .durations import Duration
from .front_text import front_lines
from .options import opening_options, option_from, privacy_options, reading_options
from .shapes import parse_input_shape
from .signing import opened_key, release_options

_option = partial(option_from, ConvertOptions)
_KEEP_DEAD = "Leave channels in that are constant for every input."
_PLAN = "Only show what --prune and --low-rank would make of each layer."


@click.command("convert")
@click.argument("model", type=click.Path(path_type=Path))
@_option("target", metavar="NAME")
@_option("data", metavar="SAMPLES")
@_option("evaluation", metavar="SAMPLES")
@_option("out", metavar="FOLDER", type=click.Path(path_type=Path))
@_option("max_drop", type=click.FloatRange(min=0), metavar="POINTS")
@_option("robustness", metavar="NAMES")
@_option("scheme", type=click.Choice(SCHEMES))
@_option("io", type=click.Choice(IOS))
@reading_options
@_option("samples", type=click.IntRange(min=1), metavar="N")
@_option("effort", type=click.Choice(EFFORTS))
@_option("float_budget", type=click.FloatRange(0, 1000), metavar="PERCENT")
@_option("seed", type=int, metavar="N")
@_option("recipe", metavar="FILE", type=click.Path(path_type=Path))
@opening_options
@_option("prune", metavar="SHARE")
@_option("low_rank", metavar="SHARE")
@_option("importance", type=click.Choice(IMPORTANCES))
@_option("sparsity", metavar="SHARE")
@_option("sparsity_by", type=click.Choice(CRITERIA))
@_option("sparsity_pattern", metavar="PATTERN")
@_option("cluster", metavar="VALUES")
@_option("codebook", metavar="SIZE")
@_option("train", metavar="SAMPLES")
@_option("recover", type=click.Choice(RECOVERS))
@_option("time_budget", type=Duration(), metavar="TIME")
@_option("epochs", type=click.IntRange(min=1), metavar="N")
@_option("rounds", type=click.IntRange(min=1), metavar="N")
@_option("qat", is_flag=True, default=None)
@_option("goal", type=click.Choice(GOALS))
@_option("max_latency", type=click.FloatRange(min=0, min_open=True), metavar="MS")
@_option("max_size", metavar="BYTES")
@click.option("--keep-dead", is_flag=True, help=_KEEP_DEAD)
@_option("remove_silent", is_flag=True, default=None)
@click.option("--plan", "plan_only", is_flag=True, help=_PLAN)
@_option("stock", is_flag=True)
@release_options
@privacy_options
@_option("force", is_flag=True)
def command(model: Path, input_shape: str | None, plan_only: bool, keep_dead: bool, **options: Any) -> None:
    """Turn a trained MODEL (.keras, .h5, SavedModel folder, float .tflite) into a measured, verified bundle.

    \b
    edgecomp convert model.keras --target raspberry-pi-4b \\
        --data photos/ --eval labelled/ --max-drop 1 --out result/

    The results: model.tflite, bundle.zip for the device and the device package that runs it, report.html and
    report.json, recipe.yaml, the float model it was measured against, log.txt.

    Exit codes: 0 done; 1 a fault of edgecomp's own; 2 bad input or usage; 3 more accuracy is lost than --max-drop
    allows (what was made then lies beside --out, under another name).
    """
    from ..pipeline.convert import convert

    options |= {"remove_dead": False if keep_dead else None, "input_shape": parse_input_shape(input_shape)}
    if plan_only:
        _show_plan(model, options)
        return
    if options["data"] is None and options["train"] is None:
        raise click.UsageError("Missing option '--data'.")
    if options["out"] is None:
        raise click.UsageError("Missing option '--out'.")
    options["sign"] = opened_key(options["sign"])
    result = convert(model, **options, console=Console(stderr=True))
    _print(result.report)
    if result.report.get("search"):
        for line in front_lines(result.report["search"]):
            click.echo(line)
    click.echo(f"results: {result.folder}")


def _show_plan(model: Path, options: dict[str, Any]) -> None:
    from ..pipeline.pruning_plan import plan_only

    wanted = ("target", "recipe", "prune", "low_rank", "importance", "remove_dead", "seed", "preprocess")
    asked = RecipeOptions(**{name: options[name] for name in wanted})
    opening = OpeningOptions(**{one.name: options[one.name] for one in fields(OpeningOptions)})
    click.echo(plan_only(model, asked, opening, data=options["data"], console=Console(stderr=True)))


def _print(report: dict[str, Any]) -> None:
    """A table for people, a few lines for logs."""
    from ..report import summary_lines, summary_table

    screen = Console(markup=False, highlight=False)
    if not screen.is_terminal:
        for line in summary_lines(report):
            click.echo(line)
        return
    screen.print(summary_table(report))
    screen.print(f"preprocessing: {report['preprocess']['name']} ({report['preprocess']['reason']})")
    for warning in report["warnings"]:
        screen.print(f"warning: {warning}", style="yellow")
