"""What the verbs that sign have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..pipeline.options.shared import ReleaseOptions
from .options import option_from

if TYPE_CHECKING:
    from ..keys import SigningKey

Command = TypeVar("Command", bound=Callable[..., Any])


def release_options(command: Command) -> Command:
    """Options of verbs that write a bundle."""
    for option in (
        option_from(ReleaseOptions, "version", type=click.IntRange(min=0), metavar="N"),
        option_from(ReleaseOptions, "sign", metavar="KEY", type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


def opened_key(path: Path | None) -> SigningKey | None:
    """The key that was named; asks at the terminal for the passphrase of a protected one."""
    if path is None:
        return None
    from ..keys import open_key

    return open_key(path, lambda: str(click.prompt(f"passphrase of {path}", hide_input=True, err=True)))
