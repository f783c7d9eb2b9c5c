"""`edgecomp-runtime`: run, bench, verify and doctor, on the device.

Exit codes: 0 done; 1 a fault of ours; 2 bad input or usage; 4 a measurement that is not valid; 5 integrity failure.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any, Optional

from . import __version__
from .errors import EdgecompError, MeasurementError


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
        return _fail(f"{error.name} is not installed; `edgecomp-runtime doctor` says how to install it", 2, options.debug)
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
    run.add_argument("inputs", metavar="INPUT", nargs="+", help="photo, folder of photos, .npy, .npz (x) or .csv of numbers")
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
    from . import running

    model = _load(options, preprocess=options.preprocess, labels=options.labels)
    results, failures = [], []
    for item in _with_progress(running.read_inputs(options.inputs, model.contract)):
        result = running.run_one(model, item, options.top)
        (failures if result.error else results).append(result)
        if result.error:
            print(f"edgecomp-runtime: {result.error}", file=sys.stderr)
        elif not options.json:
            print(running.describe(result))
    if options.json:
        _print_json({"results": [one.to_dict() for one in results], "failed": [one.to_dict() for one in failures]})
    return 2 if failures else 0


def _bench(options: argparse.Namespace) -> int:
    from .bench import benchmark

    model = _load(options)
    result = benchmark(model, seconds=options.seconds, runs=options.runs, progress=_progress("measuring"))
    _end_progress()
    if options.json:
        _print_json(result.to_dict())
    else:
        latency, engine = result.latency_ms, result.engine
        print(f"model     {options.model}")
        print(f"machine   {result.machine}")
        print(
            f"engine    {engine.name} {engine.version}, {engine.threads} thread(s), "
            f"XNNPACK {'on, ' + str(engine.partitions) + ' partition(s)' if engine.xnnpack else 'off'}"
        )
        print(f"load      {result.load_ms:.2f} ms")
        print(f"first     {_milliseconds(result.first_ms)}")
        print(
            f"latency   p50 {_milliseconds(latency.p50)}, p90 {_milliseconds(latency.p90)}, "
            f"p99 {_milliseconds(latency.p99)} ({latency.runs} runs in {result.seconds:.1f} s)"
        )
        peak = result.peak_memory_bytes
        print(f"memory    {f'{peak / 2**20:.1f} MiB at its peak, whole process' if peak else 'not known'}")
    if not result.valid:
        raise MeasurementError(f"the measurement is not valid: {'; '.join(result.reasons)}")
    return 0
