"""A measurement in a few lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from .percentiles import Latency

if TYPE_CHECKING:
    from .cold import ColdStart
    from .result import BenchResult, WindowSummary
    from .session import Sweep

CURVE_ROWS = 12


def describe(result: BenchResult) -> str:
    """The result, one line a subject."""
    engine = result.engine
    delegate = f"XNNPACK on ({engine.partitions} partition(s))" if engine.xnnpack else "XNNPACK off"
    bound = f", on CPU {', '.join(map(str, result.cpus))}" if result.cpus else ""
    lines = [
        f"machine  {result.machine}",
        f"device   {result.device}",
        f"engine   {engine.name} {engine.version}, {engine.threads} thread(s){bound}, {delegate}",
        *(_cold(result.cold) if result.cold else []),
        f"load     {milliseconds(result.load_ms)}",
        f"first    {milliseconds(result.first_ms)}",
        *_latency(result),
        f"rate     {result.throughput_per_second:,.1f} inferences a second",
        f"memory   {_mebibytes(result.peak_memory_bytes)} at the most, of the whole process",
        *([f"energy   {result.energy}"] if result.energy else []),
        *(_curve(result.windows) if result.mode == "sustained" else []),
        *(f"note     {note}" for note in result.notes),
    ]
    if result.not_available:
        lines.append(f"no data  {', '.join(result.not_available)}: not available here")
    verdict = "VALID" if result.valid else f"INVALID: {'; '.join(result.reasons)}"
    return "\n".join([*lines, f"verdict  {verdict}"])


def describe_sweep(sweep: Sweep) -> str:
    """Several results as a table, and what is to be said of each below it."""
    lines = [f"machine  {sweep.results[0].machine}", f"device   {sweep.results[0].device}"]
    lines.append("engine            threads  XNNPACK    p50 ms    p90 ms    a second  adds MiB  verdict")
    for result in sweep.results:
        latency, engine = result.latency_ms, result.engine
        p90 = "-" if latency.p90 is None else f"{latency.p90:.3f}"
        adds = result.cold.model_adds_bytes if result.cold else None
        lines.append(
            f"{engine.name:16} {engine.threads:8} {'on' if engine.xnnpack else 'off':>8} {latency.p50:9.3f} {p90:>9} "
            f"{result.throughput_per_second:11,.1f} {'-' if adds is None else f'{adds / 2**20:.1f}':>9}  "
            f"{'VALID' if result.valid else 'INVALID'}"
        )
    for result in sweep.results:
        name = f"{result.engine.name}, {result.engine.threads} thread(s)"
        lines += [f"{name}: {text}" for text in (*result.reasons, *result.notes)]
    return "\n".join([*lines, *(f"skipped: {reason}" for reason in sweep.skipped.values())])


def milliseconds(value: Optional[float]) -> str:
    """A time for people."""
    return "not measured" if value is None else f"{value:.3f} ms"


def _latency(result: BenchResult) -> list[str]:
    latency = result.latency_ms
    shown = [f"{name} {_with_interval(latency, name, value)}" for name, value in _percentiles(latency)]
    made = (
        f"{latency.runs:,} runs in {result.seconds:.1f} s, {len(result.windows)} windows, "
        f"after {result.warm_up_runs} to warm up"
    )
    return [f"latency  {', '.join(shown)} ms", f"         {made}"]


def _percentiles(latency: Latency) -> tuple[tuple[str, Optional[float]], ...]:
    return (("p50", latency.p50), ("p90", latency.p90), ("p99", latency.p99))


def _with_interval(latency: Latency, name: str, value: Optional[float]) -> str:
    if value is None:
        return "not measured (too few runs)"
    interval = latency.intervals[name]
    return f"{value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _cold(cold: ColdStart) -> list[str]:
    cached = "not known" if cold.cached_share is None else f"{cold.cached_share:.0%}"
    dropped = ", dropped before" if cold.dropped else ""
    return [
        f"cold     {cold.answer_ms:.0f} ms from a new process to the first answer: imports {cold.import_ms:.0f}, "
        f"load {cold.load_ms:.1f}, first {cold.first_ms:.1f}",
        f"         the model's file in the page cache: {cached}{dropped}",
        f"         the model adds {_mebibytes(cold.model_adds_bytes)}, its arena {_kibibytes(cold.arena_bytes)}; "
        f"at the most {_mebibytes(cold.load_peak_bytes)} while loading, {_mebibytes(cold.peak_bytes)} by the answer",
    ]


def _curve(windows: Sequence[WindowSummary]) -> list[str]:
    step = -(-len(windows) // CURVE_ROWS)
    shown = [*windows[:-1][::step], windows[-1]]
    return ["curve    seconds  p50 ms    °C   MHz", *map(_point, shown)]


def _point(window: WindowSummary) -> str:
    degrees = "-" if window.temperature_c is None else f"{window.temperature_c:.0f}"
    clock = "-" if window.frequency_mhz is None else f"{window.frequency_mhz:.0f}"
    throttled = f"  {', '.join(window.throttled)}" if window.throttled else ""
    return f"         {window.start:7.0f} {window.p50_ms:7.3f} {degrees:>5} {clock:>5}{throttled}"


def _mebibytes(value: Optional[int]) -> str:
    return "not known" if value is None else f"{value / 2**20:.1f} MiB"


def _kibibytes(value: Optional[int]) -> str:
    return "not known" if value is None else f"{value / 2**10:,.1f} KiB"
