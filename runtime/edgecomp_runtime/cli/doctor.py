"""`edgecomp-runtime doctor`: what this machine has and lacks."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import InputError
from .common import add_verb, print_json


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    add_verb(commands, "doctor", command, "say what this machine has, lacks and how to mend it")


def command(options: argparse.Namespace) -> int:
    """Says what was found; exit 2 where something is missing."""
    from ..doctor import diagnose

    found = diagnose()
    if options.json:
        print_json(found.to_dict())
    else:
        print(found)
    return 0 if found.healthy else InputError.exit_code
