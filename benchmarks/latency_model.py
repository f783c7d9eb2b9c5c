"""How well the latency model predicts networks it has not seen: times here, and instructions on emulated CPUs.

python -m benchmarks.latency_model [here] [cortex-a53] [cortex-a76] [--networks FOLDER]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgecomp.latency.fit_target import fit_target
from edgecomp.latency.predict import CostModel
from edgecomp.latency.turns import best_medians
from edgecomp.latency.work import works_of
from edgecomp.targets import load_target
from edgecomp.targets.prediction import Prediction
from edgecomp.tflite import read_tflite

from .latency_networks import unseen

PLACES = ("here", "cortex-a53", "cortex-a76")
TARGET = "linux-x86-64"
FILES_AT_ONCE = 4
"""That one emulated process is given; they are large. The smallest goes with each, as Python warms up on the first."""


def measure(folder: Path, places: tuple[str, ...] = PLACES) -> list[str]:
    """Fits at each place, and measures the networks there.

    Args:
        folder: for the networks that are made; those in it are used.
        places: "here", or names of emulated CPUs.

    Returns:
        lines for people to read.
    """
    files = unseen(folder)
    lines = []
    for place in places:
        here = place == "here"
        prediction = fit_target(load_target(TARGET), place if here else f"emulate:{place}").prediction
        found = _times(files) if here else _counts(files, place)
        lines += compared(place, files, prediction, found, within=0.15 if here else 0.10)
    return lines


def compared(
    place: str, files: Mapping[str, bytes], prediction: Prediction, found: Mapping[str, float], within: float
) -> list[str]:
    """The judged figures, and each network's.

    Args:
        place: for people.
        files: by name.
        prediction: fitted there.
        found: what they cost there, in the prediction's unit.
        within: the share that 90% should be predicted within.
    """
    costs = CostModel(prediction)
    unit = 1e6
    errors, lines = [], []
    for name, file in files.items():
        works = works_of(read_tflite(file))
        cost = costs.call + costs.weights_cost(works) + sum(costs.operator_cost(work) for work in works)
        errors.append(cost / found[name] - 1)
        called = "ms" if prediction.unit == "ns" else "M instructions"
        lines.append(f"  {name}: {found[name] / unit:.3f} {called}, {cost / unit:.3f} predicted ({errors[-1]:+.1%})")
    off = np.abs(errors)
    covered = np.mean([1 / (1 + prediction.band) <= 1 + error <= 1 + prediction.band for error in errors])
    close = float(np.mean(off <= within))
    head = (
        f"latency model, {place}: {len(off)} networks it has not seen, {close:.0%} within {within:.0%} "
        f"(goal: at least 90%), median {np.median(off):.1%} (goal here: at most 6%), band of {prediction.band:.0%} "
        f"covers {covered:.0%} (goal: at least 90%)"
    )
    return [head, *lines]


def _times(files: Mapping[str, bytes]) -> dict[str, float]:
    """Nanoseconds, p50 of the best turn, one thread."""
    from edgecomp_runtime import Model

    runs = []
    for file in files.values():
        model = Model.load(file, threads=1, engine="ai_edge_litert")
        runs.append(model.bare_invoke([np.zeros(one.shape, one.stored_dtype) for one in model.inputs]))
    seconds, _ = best_medians(runs, clock=time.thread_time)
    return {name: 1e9 * each for name, each in zip(files, seconds, strict=True)}


def _counts(files: Mapping[str, bytes], cpu: str) -> dict[str, float]:
    from edgecomp.emulate import count_instructions

    names = sorted(files, key=lambda name: len(files[name]))
    found: dict[str, float] = {}
    for start in range(1, max(2, len(names)), FILES_AT_ONCE):
        part = {name: files[name] for name in (*names[:1], *names[start : start + FILES_AT_ONCE])}
        found |= {name: float(one.instructions) for name, one in count_instructions(part, cpu).items()}
    return found


def main(arguments: list[str]) -> None:
    """Prints the figures."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    places = tuple(one for one in arguments if one in PLACES) or PLACES
    with tempfile.TemporaryDirectory(prefix="edgecomp-bench-") as scratch:
        folder = Path(arguments[arguments.index("--networks") + 1]) if "--networks" in arguments else Path(scratch)
        print("\n".join(measure(folder, places)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
