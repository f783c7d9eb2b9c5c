"""`edgecomp convert`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..quantize.schemes import DESCRIPTIONS, IOS, SCHEMES
from .options import opening_options, reading_options
from .shapes import parse_input_shape

_DATA = "Calibration samples: a folder of photos, .npz, .npy, .csv or package.module:callable."
_EVALUATION = "Labelled samples the accuracy is measured on; in the same forms."
_TARGET = "Device profile: a name (`edgecomp targets list`) or a YAML file of your own."
_BUDGET = "Accuracy budget in percentage points; exit 3 when it is not met."
_SCHEME = f"Number format; by default what the target wants. {'; '.join(f'{k}: {v}' for k, v in DESCRIPTIONS.items())}."


@click.command("convert")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--target", help=_TARGET)
@click.option("--data", required=True, help=_DATA)
@click.option("--eval", "evaluation", help=_EVALUATION)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--max-drop", type=click.FloatRange(min=0), metavar="POINTS", help=_BUDGET)
@click.option("--scheme", type=click.Choice(SCHEMES), help=_SCHEME)
@click.option("--io", type=click.Choice(IOS), help="Inputs and outputs; by default what the target wants.")
@reading_options
@click.option("--samples", type=click.IntRange(min=1), help="Calibration samples used at most. [default: 200]")
@click.option("--seed", type=int, help="Seed of everything random. [default: 0]")
@click.option("--recipe", type=click.Path(path_type=Path), help="Replay a saved recipe.yaml; options override it.")
@opening_options
@click.option("--stock", is_flag=True, help="Also run the stock converter, as a third column in the report.")
@click.option("--force", is_flag=True, help="Replace an output folder that is not empty.")
def command(input_shape: str | None, **options: Any) -> None:
    """Turn a trained MODEL (.keras, .h5, SavedModel folder, float .tflite) into a measured, verified bundle.

    \b
    edgecomp convert model.keras --target raspberry-pi-4b --data photos/ --eval labelled/ --out result/
    """
    from ..pipeline.convert import convert
    from ..report import summary_lines, summary_table

    result = convert(**options, input_shape=parse_input_shape(input_shape), console=Console(stderr=True))
    screen = Console()
    if screen.is_terminal:
        screen.print(summary_table(result.report))
    else:
        for line in summary_lines(result.report):
            click.echo(line)
    screen.print(f"results: {result.folder}", highlight=False)
