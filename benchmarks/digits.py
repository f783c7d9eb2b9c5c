"""Accuracy, size and latency of the digits sample against the stock converter: the same graph, the same samples."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def measure(folder: Path) -> list[str]:
    """Trains, converts with `--stock`, and reads the report.

    Returns:
        lines for people to read.
    """
    subprocess.run([sys.executable, ROOT / "samples" / "digits" / "train.py", folder], check=True, capture_output=True)
    command = [
        *(sys.executable, "-m", "edgecomp.cli.main", "convert", folder / "digits.keras", "--target", "raspberry-pi-4b"),
        *("--data", folder / "calibration", "--eval", folder / "test", "--stock", "--out", folder / "out"),
    ]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    report = json.loads((folder / "out" / "report.json").read_text())
    return [_line(report, name) for name in ("compressed", "stock")]


def _line(report: dict, name: str) -> str:
    reference, ours = report["float"], report[name]
    drop = 100 * (reference["metric"]["value"] - ours["metric"]["value"])
    return (
        f"digits, {'edgecomp' if name == 'compressed' else 'stock converter'} int8: {drop:+.2f} points lost on "
        f"{ours['metric']['n']} held-out images (goal: at most 0.50), "
        f"{reference['bytes'] / ours['bytes']:.2f}x smaller, "
        f"{reference['latency_ms']['p50'] / ours['latency_ms']['p50']:.2f}x faster than float here"
    )
