"""`edgecomp convert`: the main job."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ..quantize.schemes import DESCRIPTIONS, IOS, SCHEMES
from .shapes import parse_input_shape


@click.command("convert")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--target", help="Device profile: a name (`edgecomp targets list`) or a YAML file of your own.")
@click.option("--data", required=True, help="Calibration samples: a folder of photos, .npz, .npy, .csv or package.module:callable.")
@click.option("--eval", "evaluation", help="Labelled samples the accuracy is measured on; in the same forms.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--max-drop", type=click.FloatRange(min=0), help="Accuracy budget in percentage points; exit 3 when it is not met.")
@click.option("--scheme", type=click.Choice(SCHEMES), help="Number format. Default: what the target wants. " + "; ".join(f"{k}: {v}" for k, v in DESCRIPTIONS.items()))  # noqa: E501
@click.option("--io", type=click.Choice(IOS), help="Integer or float32 inputs and outputs. Default: what the target wants.")
@click.option("--preprocess", help="How raw values become model input: auto, none, 0..1, -1..1, imagenet-caffe, imagenet-torch or mean=…,std=…; for photos also fit=, color=, resample=. [default: auto]")  # noqa: E501
@click.option("--samples", type=click.IntRange(min=1), help="Calibration samples used at most. [default: 200]")
@click.option("--labels", type=click.Path(path_type=Path), help="Text file of class names, one a line, in the order of the outputs.")
@click.option("--seed", type=int, help="Seed of everything random. [default: 0]")
@click.option("--recipe", type=click.Path(path_type=Path), help="Replay a saved recipe.yaml instead of the options above.")
@click.option("--custom-objects", metavar="PACKAGE.MODULE", help="Module that defines the model's own layers.")
@click.option("--allow-code", is_flag=True, help="Run code embedded in the model file (Lambda layers). Only for files you trust.")
@click.option("--input-shape", help="Sizes the file leaves open: 224,224,3; for several inputs name=224,224,3;other=10.")
@click.option("--stock", is_flag=True, help="Also run the stock converter, as a third column in the report.")
@click.option("--force", is_flag=True, help="Replace an output folder that is not empty.")
def command(
    model: Path,
    target: str | None,
    data: str,
    evaluation: str | None,
    out: Path,
    max_drop: float | None,
    scheme: str | None,
    io: str | None,
    preprocess: str | None,
    samples: int | None,
    labels: Path | None,
    seed: int | None,
    recipe: Path | None,
    custom_objects: str | None,
    allow_code: bool,
    input_shape: str | None,
    stock: bool,
    force: bool,
) -> None:
    """Turn a trained MODEL (.keras, .h5, SavedModel folder, float .tflite) into a measured, verified bundle.

    \b
    edgecomp convert model.keras --target raspberry-pi-4b --data photos/ --eval labelled/ --out result/
    """
    from ..pipeline.convert import convert

    console = Console(stderr=True)
    result = convert(
        model,
        target=target,
        data=data,
        evaluation=evaluation,
        out=out,
        max_drop=max_drop,
        scheme=scheme,
        io=io,
        preprocess=preprocess,
        samples=samples,
        labels=labels,
        seed=seed,
        recipe=recipe,
        custom_objects=custom_objects,
        allow_code=allow_code,
        input_shape=parse_input_shape(input_shape),
        stock=stock,
        force=force,
        console=console,
    )
    from ..report import summary_lines, summary_table

    screen = Console()
    screen.print(summary_table(result.report))
    for line in summary_lines(result.report):
        screen.print(line, highlight=False)
    screen.print(f"results: {result.folder}", highlight=False)
