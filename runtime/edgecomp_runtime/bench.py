"""Measures a loaded model: how long it takes to load, to answer first, and to answer from then on.

It follows what the trusted benchmarks do: a warm-up of half a second (TensorFlow's benchmark_model), single samples one
after another for a stated time and number (MLPerf Mobile's single stream), no percentile from too few samples, and a
result that says itself whether it is valid.
"""

from __future__ import annotations

import math
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Optional

import numpy as np

from .engines import EngineInfo
from .errors import InputError
from .machine import this_machine
from .model import Model
from .tensors import Tensor

WARM_UP_SECONDS = 0.5
WARM_UP_RUNS = 5

P90_RUNS = 50
"""Fewest runs for a p90: five then lie above it."""

P99_RUNS = 1000
"""Fewest runs for a p99: ten then lie above it."""

VALID_RUNS = 50
DRIFT_LIMIT = 0.2
"""Largest difference between the medians of the first and the second half of a valid measurement."""

MAX_STRETCH = 10
"""A measurement that has not its runs after so many times its seconds is given up (and is not valid)."""


@dataclass(frozen=True)
class Latency:
    """How long one inference takes, in milliseconds.

    Args:
        p50: the median.
        p90: None with fewer than `P90_RUNS` runs.
        p99: None with fewer than `P99_RUNS` runs.
        mean: of all runs.
        least: of all runs.
        runs: how many.
    """

    p50: float
    p90: Optional[float]
    p99: Optional[float]
    mean: float
    least: float
    runs: int


@dataclass(frozen=True)
class BenchResult:
    """What was measured, and whether it counts.

    Args:
        valid: whether enough runs were made, for long enough, at a steady speed.
        reasons: why it is not valid; empty where it is.
        latency_ms: of the bare inference: the input is set already, the output not yet read.
        load_ms: reading the file and building the interpreter.
        first_ms: the first inference; None where the model had run before.
        warm_up_runs: made before measuring.
        seconds: how long was measured.
        peak_memory_bytes: the most memory the whole process has held, Python and NumPy included; None
            where the system does not say.
        engine: what it ran on, with threads and whether the delegate really ran.
        machine: the system, architecture and Python.
    """

    valid: bool
    reasons: tuple[str, ...]
    latency_ms: Latency
    load_ms: float
    first_ms: Optional[float]
    warm_up_runs: int
    seconds: float
    peak_memory_bytes: Optional[int]
    engine: EngineInfo
    machine: str

    def __str__(self) -> str:
        engine, latency, peak = self.engine, self.latency_ms, self.peak_memory_bytes
        delegate = f"XNNPACK on ({engine.partitions} partition(s))" if engine.xnnpack else "XNNPACK off"
        percentiles = ((50, latency.p50), (90, latency.p90), (99, latency.p99))
        return "\n".join(
            [
                f"machine  {self.machine}",
                f"engine   {engine.name} {engine.version}, {engine.threads} thread(s), {delegate}",
                f"load     {_milliseconds(self.load_ms)}",
                f"first    {_milliseconds(self.first_ms)}",
                f"latency  {', '.join(f'p{share} {_milliseconds(value)}' for share, value in percentiles)} "
                f"({latency.runs} runs in {self.seconds:.1f} s, after {self.warm_up_runs} to warm up)",
                f"memory   {f'{peak / 2**20:.1f} MiB at the most, of the whole process' if peak else 'not known'}",
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data."""
        return asdict(self)


def benchmark(
    model: Model,
    *,
    seconds: float = 2.0,
    runs: int = VALID_RUNS,
    warm_up_seconds: float = WARM_UP_SECONDS,
    progress: Callable[[float], None] = lambda _: None,
) -> BenchResult:
    """Measures a model on one input, over and over.

    Args:
        model: loaded; best for nothing else yet, so that the first inference can be measured too.
        seconds: measure at least that long.
        runs: measure at least so many inferences.
        warm_up_seconds: run at least that long (and `WARM_UP_RUNS` times) before measuring.
        progress: called now and then with the share done, 0 to 1.

    Raises:
        InputError: `seconds` or `runs` is not positive, or the model cannot run.
    """
    if not (math.isfinite(seconds) and seconds > 0) or runs < 1:
        raise InputError(f"seconds ({seconds}) and runs ({runs}) must be more than 0")
    stored = [_some_input(one, index) for index, one in enumerate(model.inputs)]
    fresh = model.invocations == 0
    start = time.perf_counter()
    model.run_stored(stored)
    first_ms = (time.perf_counter() - start) * 1000 if fresh else None
    peak = peak_memory_bytes()  # before the list of times grows
    invoke = model.bare_invoke(stored)
    warm_up = _repeat(invoke, warm_up_seconds, WARM_UP_RUNS, lambda _: None)
    start = time.perf_counter()
    times = _repeat(invoke, seconds, runs, progress)
    elapsed = time.perf_counter() - start
    reasons = judge(times, runs)
    return BenchResult(
        valid=not reasons,
        reasons=reasons,
        latency_ms=summarize(times),
        load_ms=model.load_ms,
        first_ms=first_ms,
        warm_up_runs=len(warm_up),
        seconds=elapsed,
        peak_memory_bytes=peak,
        engine=model.engine,
        machine=str(this_machine()),
    )


def summarize(times: Sequence[float]) -> Latency:
    """Percentiles of measured times, none of them from too few.

    Args:
        times: of single inferences, in milliseconds; at least one.
    """
    array = np.asarray(times, np.float64)
    return Latency(
        p50=float(np.percentile(array, 50)),
        p90=float(np.percentile(array, 90)) if len(array) >= P90_RUNS else None,
        p99=float(np.percentile(array, 99)) if len(array) >= P99_RUNS else None,
        mean=float(array.mean()),
        least=float(array.min()),
        runs=len(array),
    )


def judge(times: Sequence[float], runs: int = VALID_RUNS) -> tuple[str, ...]:
    """Why measured times do not count; nothing where they do.

    Args:
        times: of single inferences, in milliseconds, in the order in which they were measured.
        runs: how many were asked for.
    """
    reasons = []
    if len(times) < max(runs, VALID_RUNS):
        reasons.append(f"only {len(times)} runs, a valid measurement has {max(runs, VALID_RUNS)} or more")
    half = len(times) // 2
    if half:
        first, second = float(np.median(times[:half])), float(np.median(times[half:]))
        if abs(second - first) > DRIFT_LIMIT * min(first, second):
            reasons.append(
                f"the speed was not steady: p50 was {first:.3f} ms in the first half and {second:.3f} ms in the second "
                "(heat, or something else is running)"
            )
    return tuple(reasons)


def peak_memory_bytes() -> Optional[int]:
    """The most memory this process has held so far, or None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _milliseconds(value: Optional[float]) -> str:
    return "not measured" if value is None else f"{value:.3f} ms"


def _repeat(invoke: Callable[[], None], seconds: float, runs: int, progress: Callable[[float], None]) -> array[float]:
    times = array("d")
    start = reported = time.perf_counter()
    now = start
    while (now - start < seconds or len(times) < runs) and now - start < seconds * MAX_STRETCH:
        before = time.perf_counter()
        invoke()
        now = time.perf_counter()
        times.append((now - before) * 1000)
        if now - reported > 0.25:
            reported = now
            progress(min((now - start) / seconds, len(times) / runs, 1.0))
    return times


def _some_input(tensor: Tensor, seed: int) -> np.ndarray:
    # The time an inference takes depends on values in two cases: zeros can be skipped, and numbers near the smallest
    # float are slow. Random values over the usual range have neither. Ids stay 0, which every embedding has.
    random = np.random.default_rng(seed)
    if tensor.stored_dtype == "uint8" or tensor.quantized:
        limits = np.iinfo(tensor.stored_dtype)
        return random.integers(limits.min, limits.max, tensor.shape, dtype=tensor.stored_dtype, endpoint=True)
    if tensor.stored_dtype.startswith("float"):
        return random.random(tensor.shape).astype(tensor.stored_dtype)
    return np.zeros(tensor.shape, tensor.stored_dtype)
