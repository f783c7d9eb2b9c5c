"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_PREPROCESS = (
    "How raw values become model input: auto, none, 0..1, -1..1, imagenet-caffe, imagenet-torch or mean=…,std=… (one "
    "number, or one per channel: mean=1/2/3); for photos also fit=stretch|crop|pad, color=rgb|bgr|gray and "
    "resample=nearest|bilinear|bicubic|lanczos, as in 0..1,fit=crop. [default: auto]"
)
_LABELS = "Text file of class names, one a line, in the order of the outputs."
_SHAPE = "Sizes the file leaves open: 224,224,3; for several inputs name=224,224,3;other=10."
_CODE = "Run code embedded in the model file (Lambda layers). Only for files you trust."


def opening_options(command: Command) -> Command:
    """Options that say how a model file is opened."""
    for option in (
        click.option("--input-shape", metavar="SIZES", help=_SHAPE),
        click.option("--allow-code", is_flag=True, help=_CODE),
        click.option("--custom-objects", metavar="PACKAGE.MODULE", help="Module that defines the model's own layers."),
    ):
        command = option(command)
    return command


def reading_options(command: Command) -> Command:
    """Options that say how samples are read."""
    labels = click.Path(path_type=Path)
    for option in (
        click.option("--labels", metavar="FILE", type=labels, help=_LABELS),
        click.option("--preprocess", metavar="NAME", help=_PREPROCESS),
    ):
        command = option(command)
    return command
