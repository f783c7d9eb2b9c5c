"""`edgecomp-runtime`: run, bench, verify and doctor, on the device.

Exit codes: 0 done; 1 a fault of ours; 2 bad input or usage; 4 a measurement that is not valid; 5 integrity failure.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional

from . import __version__
from .errors import EdgecompError, InputError, MeasurementError

PROGRESS_AFTER_SECONDS = 2.0


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs a command.

    Args:
        arguments: of the command line; None takes the process's.

    Returns:
        the exit code.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
        return code
    except EdgecompError as error:
        return _fail(str(error), error.exit_code, options.debug)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        return _fail(
            f"{error.name} is not installed; `edgecomp-runtime doctor` says how to install it", 2, options.debug
        )
    except Exception as error:
        return _fail(
            f"a fault in edgecomp-runtime: {type(error).__name__}: {error}; --debug shows where", 1, options.debug
        )


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"edgecomp-runtime: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edgecomp-runtime", description="Runs and measures edgecomp's models.")
    parser.add_argument("--version", action="version", version=f"edgecomp-runtime {__version__}")
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)
    run = _command(commands, "run", _run, "run a model on photos or numbers")
    run.add_argument("model", metavar="MODEL", help="a bundle (.zip or folder) or a .tflite")
    run.add_argument(
        "inputs", metavar="INPUT", nargs="+", help="photo, folder of photos, .npy, .npz (x) or .csv of numbers"
    )
    run.add_argument("--top", type=int, default=5, help="how many classes to name (5)")
    run.add_argument("--preprocess", help="for a .tflite: 0..1, -1..1, imagenet-torch, mean=…,std=… (see the README)")
    run.add_argument("--labels", help="for a .tflite: file of class names, one a line")
    bench = _command(commands, "bench", _bench, "measure a model's latency and memory here")
    bench.add_argument("model", metavar="MODEL", help="a bundle (.zip or folder) or a .tflite")
    bench.add_argument("--seconds", type=float, default=10.0, help="measure at least that long (10)")
    bench.add_argument("--runs", type=int, default=50, help="measure at least so many inferences (50)")
    verify = _command(commands, "verify", _verify, "check a bundle and its golden outputs here")
    verify.add_argument("model", metavar="BUNDLE", help="a bundle (.zip or folder)")
    for one in (run, bench, verify):
        one.add_argument("--threads", type=int, default=1, help="threads of the interpreter (1)")
        one.add_argument("--engine", help="ai_edge_litert, tflite_runtime or tensorflow (the first that is there)")
    _command(commands, "doctor", _doctor, "say what this machine has, lacks and how to mend it")
    return parser


def _command(commands: Any, name: str, function: Any, text: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    made.set_defaults(command=function)
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument("--debug", action="store_true", help="show where an error came from")
    return made


def _run(options: argparse.Namespace) -> int:
    from .answers import answer
    from .inputs import iterate_inputs

    if options.top < 1:
        raise InputError(f"--top {options.top} is not 1 or more")
    model = _load(options, preprocess=options.preprocess, labels=options.labels)
    progress, answers = _progress_line("sample"), []
    for count, item in enumerate(iterate_inputs(options.inputs, model.contract), start=1):
        found = answer(model, item, options.top)
        answers.append(found)
        if found.error:
            print(f"edgecomp-runtime: {found}", file=sys.stderr)
        elif not options.json:
            print(found)
        if options.json:
            progress(str(count))
    progress("")
    if options.json:
        _print_json(
            {
                "results": [one.to_dict() for one in answers if not one.error],
                "failed": [one.to_dict() for one in answers if one.error],
            }
        )
    return InputError.exit_code if any(one.error for one in answers) else 0


def _bench(options: argparse.Namespace) -> int:
    from .bench import benchmark

    model = _load(options)
    progress = _progress_line("measuring")
    result = benchmark(
        model,
        seconds=options.seconds,
        runs=options.runs,
        progress=lambda share: progress(f"{share:.0%}"),
    )
    progress("")
    if options.json:
        _print_json(result.to_dict())
    else:
        print(f"model    {options.model}\n{result}")
    if not result.valid:
        raise MeasurementError(f"the measurement is not valid: {'; '.join(result.reasons)}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from .verify import require_passed, verify

    result = verify(_load(options))
    if options.json:
        _print_json(result.to_dict())
    elif result.passed:
        print(f"{options.model}: {result}")
    require_passed(result)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import diagnose

    found = diagnose()
    if options.json:
        _print_json(found.to_dict())
    else:
        print(found)
    return 0 if found.healthy else InputError.exit_code


def _load(options: argparse.Namespace, **extra: Any) -> Any:
    from .model import Model

    with contextlib.nullcontext() if options.debug else _quiet_natives():
        return Model.load(options.model, threads=options.threads, engine=options.engine, **extra)


@contextlib.contextmanager
def _quiet_natives() -> Iterator[None]:
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


def _progress_line(what: str) -> Callable[[str], None]:
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


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, allow_nan=False, default=_plain))


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
