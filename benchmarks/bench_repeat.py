"""Whether measuring a file again gives the same: `edgecomp-runtime bench --mode standard`, in fresh processes."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.progress import track

from .networks import float_tflite, quantized

RUNS = 4
MODE = "standard"


def measure(folder: Path) -> list[str]:
    """Measures an int8 and a float file several times, in turn; then once beside a program that takes a whole CPU.

    Returns:
        lines for people to read.
    """
    files = {"float32": folder / "float32.tflite", "int8": folder / "int8.tflite"}
    files["float32"].write_bytes(float_tflite())
    files["int8"].write_bytes(quantized(float_tflite()))
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in files}
    turns = [name for _ in range(RUNS) for name in files]
    for name in track(turns, description="measuring again and again", transient=True):
        found[name].append(_bench(files[name]))
    return [
        *itertools.chain.from_iterable(_lines(name, runs) for name, runs in found.items()),
        _beside_a_hog(files["int8"]),
    ]


def _bench(file: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "edgecomp_runtime", "bench", str(file), "--mode", MODE, "--json"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def _lines(name: str, runs: list[dict[str, Any]]) -> list[str]:
    valid = [one["latency_ms"] for one in runs if one["valid"]]
    reasons = sorted({reason for one in runs for reason in one["reasons"]})
    refused = [f"bench --mode {MODE}, {name}, not valid: {reason}" for reason in reasons]
    if len(valid) < 2:
        return [f"bench --mode {MODE}, {name}: {len(valid)} of {len(runs)} runs valid; nothing to compare", *refused]
    medians = [one["p50"] for one in valid]
    overlap = max(one["intervals"]["p50"]["low"] for one in valid) <= min(
        one["intervals"]["p50"]["high"] for one in valid
    )
    return [
        f"bench --mode {MODE}, {name}: {len(valid)} of {len(runs)} runs valid, p50 {min(medians):.4f} to "
        f"{max(medians):.4f} ms, {max(medians) / min(medians):.3f}x apart (goal: less than 1.05), "
        f"their intervals {'overlap' if overlap else 'do not all overlap'}",
        *refused,
    ]


def _beside_a_hog(file: Path) -> str:
    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        result = _bench(file)
    finally:
        hog.kill()
        hog.wait()
    return (
        f"the same beside a busy program: {'VALID' if result['valid'] else 'INVALID'} ({'; '.join(result['reasons'])})"
    )
