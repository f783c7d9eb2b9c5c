"""`edgecomp-runtime rollback`: makes the bundle before the current one current again."""

from __future__ import annotations

import argparse
from typing import Any

from .common import add_engine_options, add_verb, print_json
from .proving import proving


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    rollback = add_verb(commands, "rollback", command, "go back to the bundle that was installed before")
    rollback.add_argument("name", metavar="NAME", help="of the installed model")
    add_engine_options(rollback)


def command(options: argparse.Namespace) -> int:
    """Goes back, and says what is current now."""
    from ..install.installing import rollback

    with proving(options, options.name) as progress:
        done = rollback(options.name, threads=options.threads, engine=options.engine, progress=progress)
    if options.json:
        print_json(done.to_dict())
    else:
        current = done.state.current
        print(f"{done.name}: back to version {current.version}, {current.sha256[:12]}, installed {current.installed}")
    return 0
