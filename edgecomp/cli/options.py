"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..pipeline.options.declare import flag_of, option_of
from ..pipeline.options.shared import OpeningOptions, PrivacyOptions, ReadingOptions

Command = TypeVar("Command", bound=Callable[..., Any])


def option_from(group: type, name: str, **settings: Any) -> Callable[[Command], Command]:
    """A field of a group of options as an option of a verb: its name and help text are the field's.

    Args:
        group: the dataclass.
        name: of the field.
        settings: type, metavar and what else `click.option` takes.
    """
    one = option_of(group, name)
    return click.option(flag_of(one), name, help=one.metadata["meaning"], **settings)


def opening_options(command: Command) -> Command:
    """Options that say how a model file is opened."""
    for option in (
        option_from(OpeningOptions, "input_shape", metavar="SIZES"),
        option_from(OpeningOptions, "allow_code", is_flag=True),
        option_from(OpeningOptions, "custom_objects", metavar="PACKAGE.MODULE"),
    ):
        command = option(command)
    return command


def privacy_options(command: Command) -> Command:
    """Options that say what of the samples may be written down."""
    return option_from(PrivacyOptions, "hide_samples", is_flag=True)(command)


def reading_options(command: Command) -> Command:
    """Options that say how samples are read."""
    for option in (
        option_from(ReadingOptions, "labels", metavar="FILE", type=click.Path(path_type=Path)),
        option_from(ReadingOptions, "preprocess", metavar="NAME"),
    ):
        command = option(command)
    return command
