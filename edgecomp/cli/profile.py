"""`edgecomp profile`: latency and memory of a file here, on a device or a phone, or its cost on an emulated CPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from ..errors import InputError, IntegrityError, MeasurementError
from .profile_adb import adb_options, measure_on_phone
from .remote_options import ssh_options
from .screen import screen

if TYPE_CHECKING:
    from ..emulate import EmulatedProfile
    from ..remote.profile import Measurement

EMULATE = "emulate:"


@click.command("profile")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--on",
    "where",
    default="here",
    show_default=True,
    help="Where: here, ssh://user@host[:port], adb[:SERIAL], or emulate:CPU (cortex-a53, …).",
)
@click.option("--threads", type=click.IntRange(min=1), help="Of the interpreter; 1 where nothing is said.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="How long to measure.  [default: 5]")
@click.option("--mode", type=click.Choice(["quick", "standard", "full"]), help="How thoroughly; see docs/measuring.md.")
@click.option("--by-op", is_flag=True, help="Measure how long each operator takes.")
@click.option("--totals", is_flag=True, help="Emulated: count the whole inference only, not by operator.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@ssh_options
@adb_options
def command(
    file: Path,
    where: str,
    threads: int | None,
    seconds: float | None,
    mode: str | None,
    by_op: bool,
    totals: bool,
    as_json: bool,
    ssh_config: Path | None,
    python: str | None,
    benchmark_model: Path | None,
    delegate: str | None,
) -> None:
    """Measure FILE, a .tflite or a bundle.

    Here and on a device over SSH that is latency and memory, as `edgecomp-runtime bench` measures them; a device is
    left as it was, and what it said goes into the report.json beside FILE. On emulate:CPU, an ARM CPU that is emulated,
    it is the exact number of instructions of an inference; an emulator's time would mean nothing. On a device and on an
    emulated CPU a bundle's golden outputs are checked as well. On adb, an Android phone on a cable, Android's own
    benchmark_model measures, which you supply.

    --by-op times each operator instead; on an emulated CPU instructions are counted by operator anyway.
    """
    from ..remote.android.adb import is_adb
    from ..remote.host import is_ssh

    _check_what_is_measured(where.startswith(EMULATE), mode, by_op=by_op, totals=totals)
    if is_adb(where):
        if by_op or ssh_config is not None or python is not None:
            raise InputError("--by-op, --ssh-config and --python are not for --on adb: leave them out")
        return measure_on_phone(file, where, threads, seconds, mode, delegate, benchmark_model, as_json)
    if benchmark_model is not None or delegate is not None:
        raise InputError("--benchmark-model and --delegate are for --on adb: say that, or leave them out")
    if is_ssh(where) and by_op:
        return _time_operators_there(file, where, _operator_options(threads, seconds), as_json, ssh_config, python)
    if is_ssh(where):
        return _measure_there(file, where, _bench_options(threads, seconds, mode), as_json, ssh_config, python)
    if ssh_config is not None or python is not None:
        raise InputError("--ssh-config and --python are for --on ssh://…: say where, or leave them out")
    if where == "here" and by_op:
        raise SystemExit(_time_operators_here(file, _operator_options(threads, seconds), as_json))
    if where == "here":
        raise SystemExit(_measure_here(file, _bench_options(threads, seconds, mode), as_json))
    if not where.startswith(EMULATE):
        raise InputError(f"--on {where}: is none of 'here', 'ssh://user@host', 'adb:SERIAL' and 'emulate:CPU'")
    if seconds is not None or (threads or 1) > 1:
        raise InputError(f"--on {where} counts instructions of one thread: leave out --seconds and --threads")
    return _count_emulated(file, where.removeprefix(EMULATE), by_operator=not totals, as_json=as_json)


def _check_what_is_measured(emulated: bool, mode: str | None, *, by_op: bool, totals: bool) -> None:
    if totals and not emulated:
        raise InputError("--totals is for --on emulate:CPU: say where, or leave it out")
    if totals and by_op:
        raise InputError("--totals and --by-op contradict each other: leave one of them out")
    if mode is not None and (by_op or emulated):
        raise InputError("--mode is about the latency of whole inferences, here, --on ssh://… or adb: leave it out")


def _bench_options(threads: int | None, seconds: float | None, mode: str | None) -> tuple[str, ...]:
    thorough = ("--mode", mode) if mode is not None else ()
    lasting = ("--seconds", str(seconds)) if seconds is not None else ()
    return ("--threads", str(threads or 1), *thorough, *lasting)


def _measure_here(file: Path, options: tuple[str, ...], as_json: bool) -> int:
    from .device_package import run_verb

    return run_verb(["bench", str(file), *options, *(["--json"] if as_json else [])])


def _operator_options(threads: int | None, seconds: float | None) -> tuple[str, ...]:
    return ("--threads", str(threads or 1), *(("--seconds", str(seconds)) if seconds is not None else ()))


def _time_operators_here(file: Path, options: tuple[str, ...], as_json: bool) -> int:
    from .device_package import run_verb

    return run_verb(["profile", str(file), *options, *(["--json"] if as_json else [])])


def _time_operators_there(
    file: Path, where: str, options: tuple[str, ...], as_json: bool, ssh_config: Path | None, python: str | None
) -> None:
    from dataclasses import replace

    from edgecomp_runtime.measure.describe_operators import operator_lines

    from ..progress import Steps
    from ..remote.dialer import Dialer
    from ..remote.failures import printable
    from ..remote.host import Access, parse_host
    from ..remote.operators import profile_remote_operators

    host = replace(parse_host(where), python=python)
    with Steps(Console(stderr=True)) as steps:
        found = profile_remote_operators(file, host, Dialer(Access(ssh_config=ssh_config)), options, steps=steps)
    if as_json:
        click.echo(json.dumps(found, indent=2, allow_nan=False))
    else:
        for line in [f"model    {file}", f"device   {host.url}", *operator_lines(found)]:
            click.echo(printable(line))
    if not found["valid"]:
        raise MeasurementError(f"the measurement is not valid: {'; '.join(map(str, found['reasons']))}")


def _measure_there(
    file: Path, where: str, bench: tuple[str, ...], as_json: bool, ssh_config: Path | None, python: str | None
) -> None:
    from dataclasses import replace

    from ..progress import Steps
    from ..remote.dialer import Dialer
    from ..remote.host import Access, parse_host
    from ..remote.profile import profile_remote
    from ..report.devices import device_entry, merge_into

    host = replace(parse_host(where), python=python)
    with Steps(Console(stderr=True)) as steps:
        found = profile_remote(file, host, Dialer(Access(ssh_config=ssh_config)), bench, steps=steps)
    entry = device_entry(host=host.name, at=found.at, bench=found.bench, verified=found.verified, installed=None)
    merged = merge_into(file.absolute().parent, [entry], found.model_sha256)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        _show_measurement(found)
    if merged is not None:
        click.echo(f"{merged.path}: {merged.note or f'has the figures of {host}'}", err=True)
    if found.verified is False:
        raise IntegrityError(f"{file}: the model does not compute on {host} what its golden samples say")
    if not found.valid:
        reasons = "; ".join(map(str, found.bench.get("reasons") or ["the device does not say why"]))
        raise MeasurementError(f"the measurement is not valid: {reasons}")


def _show_measurement(found: Measurement) -> None:
    from ..remote.bench_text import bench_lines

    click.echo(f"model    {found.file}")
    click.echo(f"device   {found.host.url}")
    for line in bench_lines(found.bench, found.verification):
        click.echo(line)


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
        screen().print(_operator_table(profile))


def _goldens(profile: EmulatedProfile) -> str:
    found = profile.verification or {}
    steps = found["max_steps"]
    differ = "all outputs equal" if steps == 0 else f"outputs differ by up to {steps or float('inf'):g} steps"
    allowed = "no difference allowed" if found["exact"] else f"{found['tolerance_steps']} allowed"
    return f"{'verified' if found['passed'] else 'FAILED'}: {found['samples']} samples, {differ} ({allowed})"


def _operator_table(profile: EmulatedProfile) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("#", justify="right")
    for title in ("operator", "layer"):
        table.add_column(title, overflow="fold")
    for title in ("instructions", "share", "MACs", "MACs per instruction"):
        table.add_column(title, justify="right")
    for one in profile.operators:
        per_instruction = f"{one.macs / one.instructions:.2f}" if one.macs and one.instructions > 0 else ""
        share = f"{one.instructions / profile.count.instructions:.1%}"
        macs = f"{one.macs:,}" if one.macs else ""
        table.add_row(str(one.index), one.name, one.layer or "", f"{one.instructions:,}", share, macs, per_instruction)
    return table
