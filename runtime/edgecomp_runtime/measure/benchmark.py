"""Measures a loaded model: how long it takes to answer first, and from then on.

It follows what the trusted benchmarks do: a warm-up of half a second (TensorFlow's benchmark_model), single samples one
after another for a stated time and number (MLPerf Mobile's single stream), several windows whose median counts (MLPerf
Tiny), no percentile from too few samples, and a result that says itself whether it is valid, and why not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Optional

import numpy as np

from ..machine import this_machine
from ..model import Model
from .cold import ColdStart
from .device import this_device
from .energy import EnergyMeter, measure_energy
from .inputs import some_input
from .memory import peak_memory_bytes
from .percentiles import summarize
from .plan import QUICK, Plan
from .probe import Probe, Snapshot
from .result import BenchResult, summarize_windows
from .validity import judge
from .windows import measure_windows, repeat

WARM_UP_RUNS = 5


def benchmark(
    model: Model,
    plan: Plan = QUICK,
    *,
    probe: Optional[Probe] = None,
    asked: Optional[str] = None,
    cpus: Optional[frozenset[int]] = None,
    cold: Optional[ColdStart] = None,
    meter: Optional[EnergyMeter] = None,
    progress: Callable[[float], None] = lambda _: None,
) -> BenchResult:
    """Measures a model on one input, over and over.

    Args:
        model: loaded; best for nothing else yet, so that the first inference can be measured too.
        plan: how long and how often. Its cool-down and cold starts are the caller's, before the model is loaded.
        probe: reads the machine's state between the windows; None reads this machine's.
        asked: the delegate that is to run it, "xnnpack" or "none"; None takes what a bundle was verified with, and
            otherwise any.
        cpus: CPUs that this process is bound to already; for the record.
        cold: starts in fresh processes, for the record.
        meter: measures the energy of inferences in a run of its own, after the latency; None leaves that out.
        progress: called now and then with the share done, 0 to 1.

    Raises:
        InputError: the model cannot run.
    """
    probe = Probe() if probe is None else probe
    stored = [some_input(one, index) for index, one in enumerate(model.inputs)]
    first_ms = _time_first(model, stored)
    peak = peak_memory_bytes()  # before the lists of times grow
    invoke = model.bare_invoke(stored)
    warm_up = repeat(invoke, plan.warm_up_seconds, WARM_UP_RUNS)
    snapshots: list[Snapshot] = []
    windows = tuple(measure_windows(invoke, plan, lambda: snapshots.append(probe.read()), progress))
    judgement = judge(plan, windows, snapshots, model.engine, asked=asked or _delegate_of(model))
    energy = None if meter is None else measure_energy(invoke, meter)
    times = tuple(one.times_ms for one in windows)
    rates = sorted(one.throughput for one in windows)
    return BenchResult(
        valid=not judgement.reasons,
        reasons=judgement.reasons,
        latency_ms=summarize(times, sum(one.runs for one in windows)),
        load_ms=model.load_ms,
        first_ms=first_ms,
        warm_up_runs=warm_up.runs,
        seconds=sum(one.seconds for one in windows),
        peak_memory_bytes=peak,
        engine=model.engine,
        machine=str(this_machine()),
        mode=plan.mode,
        throughput_per_second=rates[len(rates) // 2],
        windows=summarize_windows(windows, snapshots[1:]),
        notes=judgement.notes,
        not_available=judgement.not_available,
        device=this_device(),
        cpus=None if cpus is None else tuple(sorted(cpus)),
        cold=cold,
        energy=energy,
        samples=times,
    )


def _time_first(model: Model, stored: list[np.ndarray]) -> Optional[float]:
    """Milliseconds of the first inference; None where the model has answered before."""
    fresh = model.invocations == 0
    start = time.perf_counter()
    model.run_stored(stored)
    return (time.perf_counter() - start) * 1000 if fresh else None


def _delegate_of(model: Model) -> Optional[str]:
    """The delegate that a bundle was verified with, where the same interpreter runs it now."""
    if model.bundle is None:
        return None
    verified = model.bundle.manifest.verified_with
    same = verified.get("engine") == model.engine.name
    return "xnnpack" if same and verified.get("xnnpack") is True else None
