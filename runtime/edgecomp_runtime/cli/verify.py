"""`edgecomp-runtime verify`: a bundle's files, signature and golden outputs, checked here."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .common import add_engine_options, add_verb, load_model, print_json


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    verify = add_verb(commands, "verify", command, "check a bundle, its signature and its golden outputs here")
    verify.add_argument("model", metavar="BUNDLE", help="a bundle (.zip or folder)")
    verify.add_argument("--require-signed", action="store_true", help="refuse a bundle that nobody signed")
    add_engine_options(verify)


def command(options: argparse.Namespace) -> int:
    """Checks the signature, then runs the golden samples, and says how they came out."""
    from ..verify import require_passed, verify

    signature = _signature(options)  # first: what a stranger signed is not even loaded
    result = verify(load_model(options))
    if options.json:
        print_json({**result.to_dict(), "signature": signature.to_dict() if signature else None})
    elif result.passed:
        print(f"{options.model}: {result}")
        if signature:
            print(f"{options.model}: {signature}")
    require_passed(result)
    return 0


def _signature(options: argparse.Namespace) -> Any:
    """Checks the whole bundle, and says how its signature was checked; None for what is none: others complain of it."""
    from ..bundle.read import is_bundle, read_bundle
    from ..bundle.signature import check_signature
    from ..bundle.trust import read_trust_store
    from ..install.installed import PREFIX, installed

    path = installed(options.model).path if options.model.startswith(PREFIX) else Path(options.model)
    if not is_bundle(path):
        return None
    return check_signature(read_bundle(path), read_trust_store(), allow_unsigned=not options.require_signed)
