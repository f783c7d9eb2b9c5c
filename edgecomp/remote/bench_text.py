"""A device's figures as people read them. They come from elsewhere: whatever is missing is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..report.formats import milliseconds, size
from .failures import printable


def bench_lines(bench: Mapping[str, Any], verification: Mapping[str, Any] | None) -> list[str]:
    """What `edgecomp-runtime bench --json` and `verify --json` printed on a device, one line for each thing."""
    latency, engine = bench.get("latency_ms") or {}, bench.get("engine") or {}
    delegate = f"XNNPACK on ({engine.get('partitions')} partition(s))" if engine.get("xnnpack") else "XNNPACK off"
    peak = bench.get("peak_memory_bytes")
    lines = [
        ("machine", bench.get("machine")),
        ("engine", f"{engine.get('name')} {engine.get('version')}, {engine.get('threads')} thread(s), {delegate}"),
        ("goldens", None if verification is None else goldens_text(verification)),
        ("load", milliseconds(bench.get("load_ms"))),
        ("first", milliseconds(bench.get("first_ms"))),
        ("latency", latency_text(latency)),
        ("memory", None if peak is None else f"{size(peak)} at the most, of the whole process"),
    ]
    return [f"{name:<8} {printable(str(text))}" for name, text in lines if text is not None]


def latency_text(latency: Mapping[str, Any]) -> str:
    """The percentiles that were measured, and of how many runs."""
    found = [f"{name} {milliseconds(latency[name])}" for name in ("p50", "p90", "p99") if latency.get(name) is not None]
    return f"{', '.join(found)} ({latency.get('runs')} runs)"


def goldens_text(verification: Mapping[str, Any]) -> str:
    """How the golden samples came out."""
    steps = verification.get("max_steps")
    differ = "all outputs equal" if steps == 0 else f"outputs differ by up to {steps or float('inf'):g} steps"
    allowed = "no difference allowed" if verification.get("exact") else f"{verification.get('tolerance_steps')} allowed"
    verdict = "verified" if verification.get("passed") else "FAILED"
    return f"{verdict}: {verification.get('samples')} samples, {differ} ({allowed})"
