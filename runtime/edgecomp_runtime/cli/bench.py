"""`edgecomp-runtime bench`: latency and memory, and whether the measurement counts."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import MeasurementError
from .common import add_engine_options, add_verb, load_model, print_json, progress_line


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    bench = add_verb(commands, "bench", command, "measure a model's latency and memory here")
    bench.add_argument("model", metavar="MODEL", help="a bundle (.zip or folder) or a .tflite")
    bench.add_argument("--seconds", type=float, default=10.0, help="measure at least that long (10)")
    bench.add_argument("--runs", type=int, default=50, help="measure at least so many inferences (50)")
    add_engine_options(bench)


def command(options: argparse.Namespace) -> int:
    """Measures, prints, and refuses what is not valid."""
    from ..bench import benchmark

    model = load_model(options)
    progress = progress_line("measuring")
    result = benchmark(
        model,
        seconds=options.seconds,
        runs=options.runs,
        progress=lambda share: progress(f"{share:.0%}"),
    )
    progress("")
    if options.json:
        print_json(result.to_dict())
    else:
        print(f"model    {options.model}\n{result}")
    if not result.valid:
        raise MeasurementError(f"the measurement is not valid: {'; '.join(result.reasons)}")
    return 0
