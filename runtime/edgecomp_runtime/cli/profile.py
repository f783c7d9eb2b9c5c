"""`edgecomp-runtime profile`: how long each operator of a model takes here."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any

from ..errors import InputError, MeasurementError
from .common import add_engine_options, add_verb, load_model, print_json, progress_line, quiet_natives


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    profile = add_verb(commands, "profile", command, "measure how long each operator of a model takes here")
    profile.add_argument("model", metavar="MODEL", help="a bundle (.zip or folder) or a .tflite")
    profile.add_argument("--seconds", type=float, default=20.0, help="to spend on it, about (20)")
    profile.add_argument("--rounds", type=int, default=5, help="how often each operator is timed (5)")
    profile.add_argument("--no-delegate", action="store_true", help="run on the plain kernels, without XNNPACK")
    add_engine_options(profile)


def command(options: argparse.Namespace) -> int:
    """Measures, prints, and refuses what is not valid."""
    from ..measure.describe_operators import operator_lines
    from ..measure.operators import profile_operators

    model = _bytes(options)
    progress = progress_line("measuring")
    result = profile_operators(
        model,
        threads=options.threads,
        engine=options.engine,
        delegate=not options.no_delegate,
        seconds=options.seconds,
        rounds=options.rounds,
        opening=contextlib.nullcontext if options.debug else quiet_natives,
        progress=lambda share: progress(f"{share:.0%}"),
    )
    progress("")
    if options.json:
        print_json({"file": options.model, **result.to_dict()})
    else:
        print("\n".join([f"model    {options.model}", *operator_lines(result.to_dict())]))
    if not result.valid:
        raise MeasurementError(f"the measurement is not valid: {'; '.join(result.reasons)}")
    return 0


def _bytes(options: argparse.Namespace) -> bytes:
    """The bytes of the model that the options name; it has been opened once, which finds out whether it runs at all."""
    loaded = load_model(options)
    if loaded.bundle is not None:
        model: bytes = loaded.bundle.model
        return model
    try:
        return Path(options.model).read_bytes()
    except OSError as error:
        raise InputError(f"{options.model}: cannot be read ({error.strerror})") from None
