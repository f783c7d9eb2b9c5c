"""`edgecomp convert`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..pipeline.recipes.passes import IMPORTANCES, RECOVER_DESCRIPTIONS, RECOVERS
from ..quantize.schemes import DESCRIPTIONS, IOS, SCHEMES
from ..quantize.settings import EFFORT_DESCRIPTIONS, EFFORTS
from .durations import Duration
from .options import opening_options, reading_options
from .shapes import parse_input_shape
from .signing import opened_key, release_options

_TARGET = "Device profile: a name (`edgecomp targets list`) or a YAML file of your own. A --recipe brings one along."
_DATA = (
    "Calibration samples: a folder of photos, .npz, .npy, .csv or package.module:function. They need no labels, and "
    "should look like what the device will see."
)
_EVALUATION = "Labelled samples, in the same forms, that accuracy is measured on; none that the model was trained on."
_OUT = "Folder for the results; it appears only when everything has succeeded."
_BUDGET = "Accuracy that may be lost, in percentage points; needs --eval."
_SCHEME = f"Number format; by default what the target wants. {'; '.join(f'{k}: {v}' for k, v in DESCRIPTIONS.items())}."
_EFFORT = (
    "How much is tried to keep the accuracy of integers. "
    f"{'; '.join(f'{k}: {v}' for k, v in EFFORT_DESCRIPTIONS.items())}. [default: normal]"
)
_FLOAT_BUDGET = (
    "Latency and size that operators may cost which stay float where integers lose too much; 0 keeps none. "
    "[default: 10]"
)
_PRUNE = (
    "Share of the multiply-accumulates to remove by taking out channels: 0.5, or params=0.5, bytes=0.5, latency=0.5. "
    "Accuracy that is lost has to be trained back."
)
_IMPORTANCE = (
    "How channels are ranked for --prune; taylor, variance and hessian are measured on --data. [default: taylor]"
)
_TRAIN = (
    "Samples to train on after pruning or for --qat, in the same forms as --data; labels help and are not needed. None "
    "of those that --eval measures by."
)
_RECOVER = (
    f"What the pruned model learns from. {'; '.join(f'{k}: {v}' for k, v in RECOVER_DESCRIPTIONS.items())}. "
    "[default: distill after --prune]"
)
_QAT = "Train once more with the rounding of the integers in place, where quantization alone loses too much."
_TIME_BUDGET = "Time that all of the training may take: 90s, 15m, 1h30m."
_EPOCHS = "Passes over the samples in each training, instead of a time."
_ROUNDS = "Prune and train in so many rounds. [default: 1]"
_SILENT = "Also remove channels that have one value only on --data. Other data might move them."
_SAMPLES = "Calibration samples used at most. [default: 200]"


@click.command("convert")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--target", metavar="NAME", help=_TARGET)
@click.option("--data", metavar="SAMPLES", help=_DATA)
@click.option("--eval", "evaluation", metavar="SAMPLES", help=_EVALUATION)
@click.option("--out", metavar="FOLDER", type=click.Path(path_type=Path), help=_OUT)
@click.option("--max-drop", type=click.FloatRange(min=0), metavar="POINTS", help=_BUDGET)
@click.option("--scheme", type=click.Choice(SCHEMES), help=_SCHEME)
@click.option("--io", type=click.Choice(IOS), help="Inputs and outputs; by default what the target wants.")
@reading_options
@click.option("--samples", type=click.IntRange(min=1), metavar="N", help=_SAMPLES)
@click.option("--effort", type=click.Choice(EFFORTS), help=_EFFORT)
@click.option("--float-budget", type=click.FloatRange(0, 1000), metavar="PERCENT", help=_FLOAT_BUDGET)
@click.option("--seed", type=int, metavar="N", help="Seed of everything random. [default: 0]")
@click.option(
    "--recipe", metavar="FILE", type=click.Path(path_type=Path), help="Replay a recipe.yaml; options override it."
)
@opening_options
@click.option("--prune", metavar="SHARE", help=_PRUNE)
@click.option("--importance", type=click.Choice(IMPORTANCES), help=_IMPORTANCE)
@click.option("--train", metavar="SAMPLES", help=_TRAIN)
@click.option("--recover", type=click.Choice(RECOVERS), help=_RECOVER)
@click.option("--time-budget", type=Duration(), metavar="TIME", help=_TIME_BUDGET)
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help=_EPOCHS)
@click.option("--rounds", type=click.IntRange(min=1), metavar="N", help=_ROUNDS)
@click.option("--qat", is_flag=True, default=None, help=_QAT)
@click.option("--keep-dead", is_flag=True, help="Leave channels in that are constant for every input.")
@click.option("--remove-silent", is_flag=True, default=None, help=_SILENT)
@click.option("--plan", "plan_only", is_flag=True, help="Only show what --prune would remove, layer by layer.")
@click.option("--stock", is_flag=True, help="Also run the stock converter, as a third column in the report.")
@release_options
@click.option("--force", is_flag=True, help="Replace an output folder that is not empty.")
def command(input_shape: str | None, plan_only: bool, keep_dead: bool, **options: Any) -> None:
    """Turn a trained MODEL (.keras, .h5, SavedModel folder, float .tflite) into a measured, verified bundle.

    \b
    edgecomp convert model.keras --target raspberry-pi-4b \\
        --data photos/ --eval labelled/ --max-drop 1 --out result/

    The results: model.tflite, bundle.zip for the device, report.html and report.json, recipe.yaml, the float model it
    was measured against, log.txt.

    Exit codes: 0 done; 1 a fault of edgecomp's own; 2 bad input or usage; 3 more accuracy is lost than --max-drop
    allows (what was made then lies beside --out, under another name).
    """
    from ..pipeline.convert import convert

    options |= {"remove_dead": False if keep_dead else None, "input_shape": parse_input_shape(input_shape)}
    if plan_only:
        _show_plan(options)
        return
    if options["data"] is None and options["train"] is None:
        raise click.UsageError("Missing option '--data'.")
    if options["out"] is None:
        raise click.UsageError("Missing option '--out'.")
    options["sign"] = opened_key(options["sign"])
    result = convert(**options, console=Console(stderr=True))
    _print(result.report)
    click.echo(f"results: {result.folder}")


def _show_plan(options: dict[str, Any]) -> None:
    from ..pipeline.pruning_plan import plan_only

    wanted = ("target", "recipe", "prune", "importance", "remove_dead", "seed", "data", "preprocess")
    opening = ("model", "custom_objects", "allow_code", "input_shape")
    shown = plan_only(**{name: options[name] for name in (*opening, *wanted)}, console=Console(stderr=True))
    click.echo(shown)


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
