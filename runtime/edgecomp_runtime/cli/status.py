"""`edgecomp-runtime status`: what is installed here, and whether it still is what was installed."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import IntegrityError
from .common import add_verb, print_json


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    status = add_verb(commands, "status", command, "say which models are installed")
    status.add_argument("name", metavar="NAME", nargs="?", help="of one installed model (all of them)")


def command(options: argparse.Namespace) -> int:
    """Says what is installed; exit 5 where a current bundle is damaged."""
    from ..install.status import status

    found = status(options.name)
    if options.json:
        print_json({"models": [one.to_dict() for one in found]})
    else:
        print("\n".join(map(str, found)) if found else "no models are installed")
    return IntegrityError.exit_code if any(one.damage for one in found) else 0
