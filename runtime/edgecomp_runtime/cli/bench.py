"""`edgecomp-runtime bench`: latency and memory, and whether the measurement counts."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from ..errors import InputError, MeasurementError
from .common import add_verb, load_model, print_json, progress_line, quiet_natives

if TYPE_CHECKING:
    from ..measure.energy import EnergyMeter
    from ..measure.plan import Plan
    from ..measure.result import BenchResult
    from ..measure.session import Setting, Sweep

ANY = "any"


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    bench = add_verb(commands, "bench", command, "measure a model's latency and memory here")
    bench.add_argument("model", metavar="MODEL", help="a bundle (.zip or folder) or a .tflite")
    how = bench.add_argument_group("how long")
    how.add_argument(
        "--mode",
        choices=("quick", "standard", "full"),
        help="quick: 5 s (the default); standard: 5 windows of 10 s; full: 1,024 runs and 60 s after 5 minutes of rest",
    )
    how.add_argument("--minutes", type=float, help="run on for that long, and show the curve over time")
    how.add_argument("--seconds", type=float, help="measure at least that long instead")
    how.add_argument("--runs", type=int, help="measure at least so many inferences (50; full: 1,024)")
    how.add_argument("--cool-down", type=float, metavar="SECONDS", help="rest before measuring (0; full: 300)")
    where = bench.add_argument_group("what runs it")
    where.add_argument("--threads", default="1", help="threads of the interpreter; several: 1,2,4 (1)")
    where.add_argument(
        "--engine", help="ai_edge_litert, tflite_runtime or tensorflow (the first that is there); or all of them: all"
    )
    where.add_argument(
        "--delegate",
        choices=(ANY, "xnnpack", "none"),
        default=ANY,
        help="xnnpack: not valid where it does not run the model; none: the plain kernels",
    )
    where.add_argument("--cpus", help="bind to these: 0-3 or 0,2; or big or little")
    where.add_argument(
        "--drop-cache", action="store_true", help="take the file out of the page cache before each cold start"
    )
    energy = bench.add_argument_group("energy, measured for 15 s more")
    energy.add_argument("--energy", action="store_true", help="joules an inference, where this machine has a sensor")
    energy.add_argument("--energy-csv", type=Path, metavar="FILE", help="by a USB meter's log of times and power")
    energy.add_argument("--energy-sensor", metavar="NAME", help="by this current sensor, where there are several")
    kept = bench.add_argument_group("what is kept")
    kept.add_argument("--out", type=Path, metavar="FILE.json", help="write the results, and FILE.samples.npz beside it")
    kept.add_argument("--force", action="store_true", help="replace FILE.json")


def command(options: argparse.Namespace) -> int:
    """Measures, prints, and refuses what is not valid."""
    from ..measure.cpus import bound_to, parse_cpus
    from ..measure.probe import Probe
    from ..measure.save import require_free, save
    from ..measure.session import settings

    plan = _plan(options)
    threads = _threads(options.threads)
    cpus = parse_cpus(options.cpus, Probe().read()) if options.cpus else None
    if options.out:
        require_free(options.out, force=options.force)
    delegate = None if options.delegate == ANY else options.delegate
    with contextlib.nullcontext() if options.debug else quiet_natives():  # looks for engines by importing them
        chosen, skipped = settings(options.engine, threads, delegate, cpus)
    meter = _meter(options)
    with bound_to(cpus):
        sweep = _measure(options, plan, chosen, skipped, meter)
    several = len(chosen) > 1 or bool(skipped)
    data = sweep.to_dict() if several else sweep.results[0].to_dict()
    if options.out:
        save(options.out, data, sweep.results)
    if options.json:
        print_json(data)
    else:
        print(f"model    {options.model}\n{_text(sweep, several)}")
    reasons = [reason for result in sweep.results for reason in result.reasons]
    if reasons:
        raise MeasurementError(f"the measurement is not valid: {'; '.join(dict.fromkeys(reasons))}")
    return 0


def _plan(options: argparse.Namespace) -> Plan:
    from ..measure.plan import MODES, QUICK, sustained

    if options.minutes is not None and (options.mode or options.seconds is not None):
        raise InputError("--minutes is a mode of its own; leave out --mode and --seconds")
    plan = MODES[options.mode] if options.mode else QUICK
    if options.minutes is not None:
        plan = sustained(options.minutes)
    return plan.changed(seconds=options.seconds, runs=options.runs, cool_down_seconds=options.cool_down)


def _threads(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and 0 < int(part) < 10_000 for part in parts):
        raise InputError(f"--threads {text} is not a whole number of 1 or more, or several: 1,2,4")
    return tuple(dict.fromkeys(map(int, parts)))


def _meter(options: argparse.Namespace) -> Optional[EnergyMeter]:
    if not (options.energy or options.energy_csv or options.energy_sensor):
        return None
    from ..measure.energy import EnergyMeter

    return EnergyMeter.find(csv=options.energy_csv, sensor=options.energy_sensor)


def _measure(
    options: argparse.Namespace,
    plan: Plan,
    chosen: tuple[Setting, ...],
    skipped: dict[str, str],
    meter: Optional[EnergyMeter],
) -> Sweep:
    from ..measure.session import sweep

    progress = progress_line("")

    def measure(number: int, setting: Setting) -> BenchResult:
        prefix = f"{number} of {len(chosen)}: " if len(chosen) > 1 else ""
        return _measure_one(options, plan, setting, meter, lambda text: progress(prefix + text))

    measured = sweep(chosen, skipped, measure)
    progress("")
    return measured


def _measure_one(
    options: argparse.Namespace,
    plan: Plan,
    setting: Setting,
    meter: Optional[EnergyMeter],
    say: Callable[[str], None],
) -> BenchResult:
    from ..measure.session import measure_file

    single = argparse.Namespace(**{**vars(options), "threads": setting.threads, "engine": setting.engine})
    return measure_file(
        options.model,
        plan,
        setting,
        load=lambda: load_model(single, delegate=setting.with_delegate),
        drop_cache=options.drop_cache,
        meter=meter,
        say=say,
    )


def _text(sweep: Sweep, several: bool) -> str:
    from ..measure.describe import describe_sweep

    return describe_sweep(sweep) if several else str(sweep.results[0])
