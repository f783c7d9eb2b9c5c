"""What `edgecomp profile --on adb` takes and shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from ..errors import MeasurementError

if TYPE_CHECKING:
    from ..remote.android.profile import PhoneMeasurement

DELEGATES = ("xnnpack", "none", "gpu", "nnapi")

_BINARY = click.option(
    "--benchmark-model",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Android's benchmark_model, for --on adb. [default: EDGECOMP_BENCHMARK_MODEL]",
)
_DELEGATE = click.option(
    "--delegate",
    type=click.Choice(DELEGATES),
    help="What runs the model, for --on adb. [default: what benchmark_model does by itself]",
)


def adb_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `benchmark_model` and `delegate`."""
    return _BINARY(_DELEGATE(command))


def measure_on_phone(
    file: Path,
    where: str,
    threads: int | None,
    seconds: float | None,
    mode: str | None,
    delegate: str | None,
    benchmark_model: Path | None,
    as_json: bool,
) -> None:
    """Measures a file on a phone, puts the figures into the report beside it, and shows them."""
    from edgecomp_runtime.measure.plan import FULL, QUICK, STANDARD

    from ..progress import Steps
    from ..remote.android.adb import parse_serial
    from ..remote.android.profile import Options, profile_phone
    from ..report.devices import device_entry, merge_into

    plan = {"standard": STANDARD, "full": FULL}.get(mode or "", QUICK).changed(seconds=seconds)
    options = Options(plan, threads or 1, delegate, benchmark_model)
    with Steps(Console(stderr=True)) as steps:
        found = profile_phone(file, parse_serial(where), options, steps=steps)
    host = f"adb:{found.serial}"
    entry = device_entry(host=host, at=found.at, bench=found.bench, verified=None, installed=None)
    merged = merge_into(file.absolute().parent, [entry], found.model_sha256)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        _show(found)
    if merged is not None:
        click.echo(f"{merged.path}: {merged.note or f'has the figures of {host}'}", err=True)
    if not found.valid:
        raise MeasurementError(f"the measurement is not valid: {'; '.join(found.bench['reasons'])}")


def _show(found: PhoneMeasurement) -> None:
    from ..remote.bench_text import latency_text
    from ..report.formats import milliseconds, size

    bench, engine, device = found.bench, found.bench["engine"], found.bench["device"]
    latency, memory = bench["latency_ms"], bench.get("peak_memory_bytes")
    runs_on = engine["delegate"] or "the plain kernels"
    lines = {
        "model": found.file,
        "device": f"{device['board']} ({found.serial}), {bench['machine']}",
        "engine": f"benchmark_model, {engine['threads']} thread(s), {runs_on}",
        "load": milliseconds(bench["load_ms"]),
        "first": milliseconds(bench["first_ms"]),
        "latency": latency_text(latency) if "p50" in latency else f"mean {milliseconds(latency['mean'])}",
        "memory": None if memory is None else f"{size(memory)} at the most, of the whole process",
        "method": bench["method"],
    }
    for name, text in lines.items():
        if text is not None:
            click.echo(f"{name:<8} {text}")
    for note in bench["notes"]:
        click.echo(f"note     {note}")
