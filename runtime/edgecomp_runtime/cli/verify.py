"""`edgecomp-runtime verify`: a bundle's files and golden outputs, checked here."""

from __future__ import annotations

import argparse
from typing import Any

from .common import add_engine_options, add_verb, load_model, print_json


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    verify = add_verb(commands, "verify", command, "check a bundle and its golden outputs here")
    verify.add_argument("model", metavar="BUNDLE", help="a bundle (.zip or folder)")
    add_engine_options(verify)


def command(options: argparse.Namespace) -> int:
    """Runs the golden samples and says how they came out."""
    from ..verify import require_passed, verify

    result = verify(load_model(options))
    if options.json:
        print_json(result.to_dict())
    elif result.passed:
        print(f"{options.model}: {result}")
    require_passed(result)
    return 0
