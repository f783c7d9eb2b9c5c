"""`edgecomp-runtime install`: checks a bundle, proves it on this device, and makes it the current one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .common import add_engine_options, add_verb, print_json
from .proving import proving


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    install = add_verb(commands, "install", command, "check a bundle, prove it on this device and make it current")
    install.add_argument("bundle", metavar="BUNDLE", type=Path, help="a bundle (.zip)")
    install.add_argument("--name", help="name to install it under (the bundle's own)")
    install.add_argument("--allow-unsigned", action="store_true", help="take a bundle that nobody signed")
    install.add_argument("--allow-downgrade", action="store_true", help="take a version older than the current one")
    install.add_argument(
        "--with-wheels", action="store_true", help="unpack the Python packages that the bundle brings, and use them"
    )
    add_engine_options(install)


def command(options: argparse.Namespace) -> int:
    """Installs, and says what is current now."""
    from ..install.installing import Options, install

    chosen = Options(
        name=options.name,
        allow_unsigned=options.allow_unsigned,
        allow_downgrade=options.allow_downgrade,
        with_wheels=options.with_wheels,
        threads=options.threads,
        engine=options.engine,
    )
    with proving(options, str(options.bundle)) as progress:
        done = install(options.bundle, chosen, progress)
    if options.json:
        print_json(done.to_dict())
        return 0
    current = done.state.current
    print(f"{done.name}: version {current.version} {'installed' if done.changed else 'was installed already'}")
    print(f"  {done.signature}; golden samples passed on {current.verified['engine']['name']}")
    if done.state.previous is not None:
        print(f"  version {done.state.previous.version} is kept: edgecomp-runtime rollback {done.name}")
    if done.packages is not None:
        print(f"  Python packages in {done.packages}; commands in {done.packages.parents[1] / 'bin'}")
    return 0
