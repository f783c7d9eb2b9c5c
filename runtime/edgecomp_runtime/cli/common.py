"""What several verbs share: options, opening the model, and what goes to the terminal."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Optional

from ..errors import InputError
from .child import now

PROGRESS_AFTER_SECONDS = 2.0


def add_verb(commands: Any, name: str, function: Any, text: str) -> argparse.ArgumentParser:
    """Adds a command with the options that all have.

    Args:
        commands: the parser's subparsers.
        name: of the command.
        function: options -> exit code.
        text: what it does, in a few words.
    """
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    made.set_defaults(command=function)
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument("--debug", action="store_true", help="show where an error came from")
    return made


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Adds what says how the interpreter runs."""
    parser.add_argument("--threads", type=int, default=1, help="threads of the interpreter (1)")
    parser.add_argument("--engine", help="ai_edge_litert, tflite_runtime or tensorflow (the first that is there)")


def load_model(options: argparse.Namespace, path: Optional[str] = None, **extra: Any) -> Any:
    """Opens a model with the interpreter that the options name.

    Args:
        options: with `model`, `threads`, `engine` and `debug`.
        path: another than the options' `model`.
        extra: for `Model.load`.
    """
    path = options.model if path is None else path
    from ..engines import find_engine
    from ..model import Model

    with contextlib.nullcontext() if options.debug else quiet_natives():
        with contextlib.suppress(InputError):  # which the model's file may have a better one for
            now(find_engine(options.engine)[0], f"while it opened {path}")
        model = Model.load(path, threads=options.threads, engine=options.engine, **extra)
    now(model.engine.name, f"while it ran {path}")
    return model


@contextlib.contextmanager
def quiet_natives() -> Iterator[None]:
    """Keeps the interpreters' own chatter ("INFO: Created …") off stderr: only native code writes to the descriptor."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def progress_line(what: str) -> Callable[[str], None]:
    """A line on a terminal's stderr that is rewritten, from two seconds on; an empty text removes it."""
    start, shown = time.monotonic(), False

    def show(text: str) -> None:
        nonlocal shown
        if sys.stderr.isatty() and (
            (text and time.monotonic() - start > PROGRESS_AFTER_SECONDS) or (shown and not text)
        ):
            print(f"\r\x1b[K{what} {text}" if text else "\r\x1b[K", end="", file=sys.stderr, flush=True)
            shown = bool(text)

    return show


def print_json(data: Any, *, in_one_line: bool = False) -> None:
    """Prints one object, at once; NumPy's numbers as plain ones."""
    indent = None if in_one_line else 2
    print(json.dumps(data, indent=indent, allow_nan=False, default=_plain), flush=True)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
