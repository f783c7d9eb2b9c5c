"""`edgecomp distill`: trains a small network of the user's own on the answers of a large one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from .durations import Duration
from .options import opening_options, reading_options
from .shapes import parse_input_shape

if TYPE_CHECKING:
    from ..pipeline.distill import Distilled

_STUDENT = "The network to train: a Keras model file with the inputs and outputs of TEACHER. It stays as it is."
_DATA = (
    "Samples to learn from: a folder of photos, .npz, .npy, .csv or package.module:function. Without labels only the "
    "teacher's answers are learned; with labels these too."
)
_OUT = "The .keras file to write; it appears when training has ended."
_EPOCHS = "Passes over the samples. [default: what about 6,000 steps are, and 10 at least]"
_TIME = "Time for training, as 90s, 10m or 1h30m; the number of passes is chosen to fit."
_RATE = "The highest learning rate. [default: 0.002]"
_TEMPERATURE = "What scores are divided by, so that wrong classes count too."
_FEATURES = "Also draw inner features together, in layers of the same name and shape."


@click.command("distill")
@click.argument("teacher", type=click.Path(path_type=Path))
@click.option("--student", required=True, metavar="FILE", type=click.Path(path_type=Path), help=_STUDENT)
@click.option("--data", required=True, metavar="SAMPLES", help=_DATA)
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help=_OUT)
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help=_EPOCHS)
@click.option("--time-budget", type=Duration(), metavar="TIME", help=_TIME)
@click.option("--batch-size", type=click.IntRange(min=1), metavar="N", default=64, show_default=True)
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), metavar="RATE", help=_RATE)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0, min_open=True),
    metavar="T",
    default=2.0,
    show_default=True,
    help=_TEMPERATURE,
)
@click.option("--match-features", is_flag=True, help=_FEATURES)
@click.option("--no-augment", is_flag=True, help="Never shift or mirror photos.")
@click.option("--mixed-precision", is_flag=True, help="Compute in bfloat16, for GPUs and CPUs that are fast at it.")
@reading_options
@click.option("--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Of all chance.")
@opening_options
@click.option("--force", is_flag=True, help="Replace --out, and drop the checkpoint of another training there.")
def command(
    input_shape: str | None,
    epochs: int | None,
    time_budget: float | None,
    batch_size: int,
    learning_rate: float | None,
    temperature: float,
    no_augment: bool,
    mixed_precision: bool,
    seed: int,
    **options: Any,
) -> None:
    """Train a student network on the answers of TEACHER, and write it as a .keras file.

    \b
    edgecomp distill teacher.keras --student small.keras --data photos/ --out trained.keras

    Killed, it goes on where it was when the same command is given again.
    """
    from ..pipeline.distill import distill
    from ..train.settings import TrainSettings

    settings = TrainSettings(
        epochs=epochs,
        time_budget=time_budget,
        batch_size=batch_size,
        learning_rate=learning_rate,
        temperature=temperature,
        mixed_precision=mixed_precision,
        augment=not no_augment,
        seed=seed,
    )
    made = distill(
        **options, settings=settings, input_shape=parse_input_shape(input_shape), console=Console(stderr=True)
    )
    for line in _lines(made):
        click.echo(line)


def _lines(made: Distilled) -> list[str]:
    trained = made.trained
    where = f"{trained.held} held-out samples" if trained.held else "the training samples (too few to hold any out)"
    epochs = trained.history[-1].epoch
    return [
        f"{trained.metric}: {_figure(trained.metric, trained.before)} before, {_figure(trained.metric, trained.after)} "
        f"after, on {where}",
        f"trained for {epochs} epochs in {trained.seconds:.0f} s, the best was {trained.best}; {trained.stopped}",
        f"augmentation: {trained.augmentation}",
        f"preprocessing: {made.preprocess} ({made.reason})",
        *(f"warning: {warning}" for warning in made.warnings),
        f"results: {made.file}",
    ]


def _figure(metric: str, value: float) -> str:
    return f"{value:.4g}" if metric == "relative error" else f"{value:.2%}"
