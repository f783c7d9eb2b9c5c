"""Options of the commands that reach devices over SSH."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

SSH_CONFIG = click.option(
    "--ssh-config", type=click.Path(path_type=Path), help="Read this ssh config and not your own (ssh -F)."
)
PYTHON = click.option("--python", metavar="PATH", help="The device's Python, where it is not python3.")


def ssh_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `ssh_config` and `python`."""
    return SSH_CONFIG(PYTHON(command))
