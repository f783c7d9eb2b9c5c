"""A phone's measurement in the form of `edgecomp-runtime bench --json`; what is not told is absent."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from edgecomp_runtime.measure.percentiles import order_interval
from edgecomp_runtime.measure.plan import Plan

from .judging import Verdict
from .state import Identity, State
from .transcript import Transcript

METHOD = "parsed from benchmark_model's summary"


def bench_data(
    plan: Plan,
    threads: int,
    identity: Identity,
    windows: Sequence[Transcript],
    states: Sequence[State],
    memory: Transcript | None,
    verdict: Verdict,
) -> dict[str, Any]:
    """The measurement as JSON-ready data.

    Args:
        plan: what was to be done.
        threads: of the interpreter.
        identity: of the phone.
        windows: what was measured; at least one.
        states: of the phone, before the first and after each window.
        memory: the run that looked at the memory; None where benchmark_model cannot.
        verdict: what is to be thought of it.
    """
    xnnpack = next((one for one in windows[0].delegated if one.is_xnnpack), None)
    others = [one.name for one in windows[0].delegated if not one.is_xnnpack]
    return {
        "method": METHOD,
        "valid": not verdict.reasons,
        "reasons": list(verdict.reasons),
        "notes": list(verdict.notes),
        "not_available": list(verdict.not_available),
        "mode": plan.mode,
        "seconds": sum(_seconds(one) for one in windows),
        "warm_up_runs": sum(one.warm_up.runs for one in windows if one.warm_up),
        "latency_ms": _latency(windows),
        "windows": [_window(one, state) for one, state in zip(windows, states[1:], strict=True)],
        "load_ms": statistics.median(one.load_ms for one in windows),
        "first_ms": windows[0].first_ms,
        **({"peak_memory_bytes": memory.peak_bytes} if memory and memory.peak_bytes is not None else {}),
        "engine": {
            "name": "benchmark_model",
            "threads": threads,
            "delegate": ", ".join(others) or ("XNNPACK" if windows[0].created_xnnpack else None),
            "xnnpack": windows[0].created_xnnpack and not others,
            "partitions": xnnpack.partitions if xnnpack else 0,
        },
        "machine": f"{identity.android}, {identity.abis[0]}" if identity.abis else identity.android,
        "device": {
            "board": identity.name,
            "cpu": identity.chip,
            "cpus": identity.cpus,
            "memory_bytes": identity.memory_bytes,
        },
        "battery": {"level": states[-1].battery, "temperature_c": states[-1].battery_c, "plugged": states[-1].plugged},
    }


def _latency(windows: Sequence[Transcript]) -> dict[str, Any]:
    runs = sum(one.measured.runs for one in windows)
    figures: dict[str, Any] = {
        "mean": sum(one.measured.mean * one.measured.runs for one in windows) / runs,
        "least": min(one.measured.least for one in windows),
        "runs": runs,
    }
    medians = [one.measured.median for one in windows]
    known = sorted(one for one in medians if one is not None)
    if len(known) < len(windows):
        return figures
    low, high, confidence = order_interval(len(known), 0.5)
    interval = {"low": known[low], "high": known[high], "confidence": confidence}
    return {"p50": statistics.median(known), **figures, "intervals": {"p50": interval}}


def _window(window: Transcript, state: State) -> dict[str, Any]:
    limits = state.limits_khz
    return {
        "seconds": _seconds(window),
        "runs": window.measured.runs,
        "p50_ms": window.measured.median,
        "p95_ms": window.measured.p95,
        "mean_ms": window.measured.mean,
        "temperature_c": state.cpu_c,
        "frequency_limit_mhz": max(limits.values()) / 1000 if limits else None,
        "throttled": None if state.thermal is None else state.thermal > 0,
    }


def _seconds(window: Transcript) -> float:
    return window.measured.runs * window.measured.mean / 1000
