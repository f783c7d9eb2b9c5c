"""What searching is worth: TPE with the planner's proposals against random choice, by the space that fronts dominate.

Both get as many trials, on the digits sample without training (a trial takes a second), for five seeds; files that both
make are made once. And how many trials a minute one, two and four workers get done that meet in a journal: each is a
process that computes for half a second a trial.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SEEDS = range(5)
TRIALS = 16
MOST_LOST = 10.0
"""Points; whatever loses more is of no use, and dominates nothing."""

WORKER_SECONDS = 0.5
WORKER_TRIALS = 24


def measure(folder: Path) -> list[str]:
    """Trains the sample, searches, and counts.

    Returns:
        lines for people to read.
    """
    os.environ["EDGECOMP_CACHE"] = str(folder / "cache")
    return [*_samplers(folder), *_workers(folder)]


def _samplers(folder: Path) -> list[str]:
    subprocess.run([sys.executable, ROOT / "samples" / "digits" / "train.py", folder], check=True, capture_output=True)
    from edgecomp.pipeline.options.searching import SearchOptions
    from edgecomp.pipeline.search import prepared_for

    options = SearchOptions(
        out=folder / "study",
        target="raspberry-pi-4b",
        data=folder / "calibration",
        evaluation=folder / "test",
        preprocess="0..1",
    )
    volumes: dict[str, list[float]] = {"tpe": [], "random": []}
    with prepared_for(folder / "digits.keras", options) as ready:
        for seed in SEEDS:
            for sampler, found in volumes.items():
                found.append(_volume(ready, sampler, seed, folder / f"{sampler}-{seed}.log"))
    wins = sum(ours > theirs for ours, theirs in zip(volumes["tpe"], volumes["random"], strict=True))
    shown = {name: ", ".join(f"{one:.3f}" for one in found) for name, found in volumes.items()}
    return [
        f"search on digits, {TRIALS} trials, hypervolume by seed: {shown['tpe']}; random choice {shown['random']}: "
        f"larger in {wins} of {len(SEEDS)} (goal: 4)"
    ]


def _volume(ready: Any, sampler: str, seed: int, journal: Path) -> float:
    """What the front of one search dominates, of all that is no worse than the float model."""
    from edgecomp.planner.front import hypervolume
    from edgecomp.study.joining import join_study
    from edgecomp.study.storage import open_storage
    from edgecomp.study.worker import Job, StudyWorker

    study = join_study(open_storage(str(journal)), "benchmark", {})
    first = ready.first if sampler == "tpe" else ()
    StudyWorker(study, Job(ready.space, TRIALS, sampler, seed, first), ready.trials.evaluate).run()  # type: ignore[arg-type]
    worst = ready.worst
    points = [
        (max(0.0, loss) / MOST_LOST, latency / worst.latency, size / worst.bytes)
        for loss, latency, size in (one.values for one in study.trials if one.values)
    ]
    return hypervolume(points, (1.0, 1.0, 1.0))


_WORK = """
import sys, time
from edgecomp.study.space import Steps
from edgecomp.study.storage import open_storage
from edgecomp.study.joining import join_study
from edgecomp.study.worker import Job, Result, StudyWorker

def busy(params, finished):
    end = time.process_time() + float(sys.argv[3])
    while time.process_time() < end:
        pass
    return Result((params["x"], 1 - params["x"], 0.0))

study = join_study(open_storage(sys.argv[1]), "workers", {})
print("ready", flush=True)
sys.stdin.readline()
StudyWorker(study, Job((Steps("x", 0.0, 1.0, 0.01),), int(sys.argv[2]), "tpe", 0), busy).run()
"""


def _workers(folder: Path) -> list[str]:
    rates = {count: _rate(folder / f"workers-{count}.log", count) for count in (1, 2, 4)}
    told = ", ".join(f"{count}: {rate:.0f} ({rate / rates[1]:.2f}x)" for count, rate in rates.items())
    return [f"trials a minute by workers on one journal, {os.cpu_count()} cores, {WORKER_SECONDS:g} s a trial: {told}"]


def _rate(journal: Path, count: int) -> float:
    """Trials a minute of so many workers, from the moment when all are ready."""
    command = [sys.executable, "-c", _WORK, str(journal), str(WORKER_TRIALS), str(WORKER_SECONDS)]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    for one in workers:
        assert one.stdout is not None
        one.stdout.readline()
    start = time.monotonic()
    for one in workers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in workers:
        if one.wait():
            raise RuntimeError("a worker failed")
    return 60 * WORKER_TRIALS / (time.monotonic() - start)
