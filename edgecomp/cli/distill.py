"""`edgecomp distill`: trains a small network of the user's own on the answers of a large one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from ..pipeline.options.distillation import DistillOptions
from .durations import Duration
from .options import opening_options, option_from, reading_options
from .shapes import parse_input_shape

if TYPE_CHECKING:
    from ..pipeline.distill import Distilled

_option = partial(option_from, DistillOptions)
_EPOCHS = "Passes over the samples. [default: what about 6,000 steps are, and 10 at least]"
_TIME = "Time for training, as 90s, 10m or 1h30m; the number of passes is chosen to fit."
_RATE = "The highest learning rate. [default: 0.002]"
_TEMPERATURE = "What scores are divided by, so that wrong classes count too."


@click.command("distill")
@click.argument("teacher", type=click.Path(path_type=Path))
@_option("student", required=True, metavar="FILE", type=click.Path(path_type=Path))
@_option("data", required=True, metavar="SAMPLES")
@_option("out", required=True, metavar="FILE", type=click.Path(path_type=Path))
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
@_option("match_features", is_flag=True)
@click.option("--no-augment", is_flag=True, help="Never shift or mirror photos.")
@click.option("--mixed-precision", is_flag=True, help="Compute in bfloat16, for GPUs and CPUs that are fast at it.")
@reading_options
@click.option("--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Of all chance.")
@opening_options
@_option("force", is_flag=True)
def command(
    teacher: Path,
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
        teacher, **options, settings=settings, input_shape=parse_input_shape(input_shape), console=Console(stderr=True)
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
