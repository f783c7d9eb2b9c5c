"""What it costs to start: importing the device package, and asking for help."""

from __future__ import annotations

import sys
from pathlib import Path

from .pairs import alternate

RUNS = 15


def measure(folder: Path) -> list[str]:
    """Alternates importing the device package with importing the interpreter alone.

    Returns:
        lines for people to read.
    """
    ours = [
        sys.executable,
        "-c",
        "from ai_edge_litert.interpreter import Interpreter; from edgecomp_runtime import Model",
    ]
    theirs = [sys.executable, "-c", "from ai_edge_litert.interpreter import Interpreter"]
    load = alternate(ours, theirs, runs=RUNS, name="importing the device package")
    help_text = [sys.executable, "-m", "edgecomp.cli.main", "--help"]
    python = [sys.executable, "-c", "pass"]
    shown = alternate(help_text, python, runs=RUNS, name="edgecomp --help")
    return [
        f"importing interpreter and device package: {load.ratio:.2f}x importing the interpreter (goal: at most 1.10)",
        f"edgecomp --help: {shown.median_ours:.2f} s (goal: under 0.50), {shown.ratio:.1f}x an empty Python",
    ]
