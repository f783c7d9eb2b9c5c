"""`edgecomp profile`: latency and memory of a file here, or its exact cost on an emulated CPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from ..errors import InputError, IntegrityError, MeasurementError

if TYPE_CHECKING:
    from ..emulate import EmulatedProfile

EMULATE = "emulate:"


@click.command("profile")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--on", "where", default="here", show_default=True, help="Where: here, or emulate:CPU (cortex-a53, …).")
@click.option("--threads", type=click.IntRange(min=1), help="Of the interpreter; 1 where nothing is said.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="How long to measure.  [default: 5]")
@click.option("--totals", is_flag=True, help="Emulated: count the whole inference only, not by operator.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path, where: str, threads: int | None, seconds: float | None, totals: bool, as_json: bool) -> None:
    """Measure FILE, a .tflite or a bundle.

    Here that is latency and memory, as `edgecomp-runtime bench` measures them on a device. On emulate:CPU, an ARM CPU
    that is emulated, it is the exact number of instructions of an inference, and whether a bundle's golden outputs come
    out; an emulator's time would mean nothing.
    """
    if where == "here":
        if totals:
            raise InputError("--totals is for --on emulate:CPU")
        raise SystemExit(_measure_here(file, threads or 1, seconds or 5.0, as_json))
    if not where.startswith(EMULATE):
        raise InputError(
            f"--on {where}: this version measures 'here' and on 'emulate:CPU'; on a board, run edgecomp-runtime bench"
        )
    if seconds is not None or (threads or 1) > 1:
        raise InputError(f"--on {where} counts instructions of one thread: leave out --seconds and --threads")
    _count_emulated(file, where.removeprefix(EMULATE), by_operator=not totals, as_json=as_json)


def _measure_here(file: Path, threads: int, seconds: float, as_json: bool) -> int:
    from edgecomp_runtime.cli import main as runtime

    arguments = ["bench", str(file), "--threads", str(threads), "--seconds", str(seconds)]
    return runtime([*arguments, "--json"] if as_json else arguments)


def _count_emulated(file: Path, cpu: str, *, by_operator: bool, as_json: bool) -> None:
    from ..emulate import profile_emulated
    from ..progress import Steps

    with Steps(Console(stderr=True)) as steps:
        profile = profile_emulated(file, cpu, by_operator=by_operator, steps=steps)
    if as_json:
        click.echo(json.dumps(profile.to_dict(), indent=1, allow_nan=False))
    else:
        _show(profile)
    if not profile.count.valid:
        raise MeasurementError(
            f"the measurement is not valid: inferences differ by {profile.count.spread:,} instructions"
        )
    if profile.verification is not None and not profile.verification["passed"]:
        raise IntegrityError(f"{file}: the model does not compute on {cpu} what its golden samples say")


def _show(profile: EmulatedProfile) -> None:
    count = profile.count
    xnnpack = f"XNNPACK on ({count.partitions} partition(s))" if count.partitions else "XNNPACK off"
    click.echo(f"model         {profile.file}")
    click.echo(f"emulated      {profile.cpu}, {profile.interpreter}, 1 thread, {xnnpack}")
    if profile.verification is not None:
        click.echo(f"goldens       {_goldens(profile)}")
    click.echo(f"instructions  {count.instructions:,} an inference")
    if profile.operators:
        Console().print(_operator_table(profile))


def _goldens(profile: EmulatedProfile) -> str:
    found = profile.verification or {}
    steps = found["max_steps"]
    differ = "all outputs equal" if steps == 0 else f"outputs differ by up to {steps or float('inf'):g} steps"
    allowed = "no difference allowed" if found["exact"] else f"{found['tolerance_steps']} allowed"
    return f"{'verified' if found['passed'] else 'FAILED'}: {found['samples']} samples, {differ} ({allowed})"


def _operator_table(profile: EmulatedProfile) -> Table:
    table = Table()
    for title in ("", "Operator", "Layer"):
        table.add_column(title)
    for title in ("Instructions", "Share", "MACs", "MACs per instruction"):
        table.add_column(title, justify="right")
    for one in profile.operators:
        per_instruction = f"{one.macs / one.instructions:.2f}" if one.macs and one.instructions > 0 else ""
        share = f"{one.instructions / profile.count.instructions:.1%}"
        macs = f"{one.macs:,}" if one.macs else ""
        table.add_row(str(one.index), one.name, one.layer or "", f"{one.instructions:,}", share, macs, per_instruction)
    return table
