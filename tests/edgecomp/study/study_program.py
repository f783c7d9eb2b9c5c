"""A worker of a study whose trials cost nothing but time: run as a program, so that it can be killed.

python study_program.py STORAGE TRIALS SECONDS [SAMPLER]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from edgecomp.study.heartbeat import Watch
from edgecomp.study.joining import join_study
from edgecomp.study.result import Result
from edgecomp.study.space import Choice, Params, Steps
from edgecomp.study.storage import open_storage
from edgecomp.study.worker import Job, StudyWorker

SPACE = (Steps("x", 0.0, 1.0, 0.05), Steps("y", 0.0, 1.0, 0.05), Choice("kind", ("round", "square")))
IDENTITY = {"model": "none"}


def objectives(params: Params) -> tuple[float, float, float]:
    """Three figures that pull apart."""
    x, y = params["x"], params["y"]
    penalty = 0.5 if params["kind"] == "square" else 0.0
    return (x - 0.2) ** 2 + penalty, (x - 0.8) ** 2 + y, (1 - y) ** 2 + penalty


def work(
    storage: str,
    trials: int,
    seconds: float = 0.0,
    sampler: str = "tpe",
    *,
    seed: int = 0,
    grace: float = 60.0,
    first: tuple[Params, ...] = (),
) -> Any:
    """Takes part in a study until it is done."""

    def evaluate(params: Params, finished: Sequence[Any]) -> Result:
        time.sleep(seconds)
        return Result(objectives(params), {"params": dict(params)})

    study = join_study(open_storage(storage), "test", IDENTITY)
    job = Job(SPACE, trials, sampler, seed, first)  # type: ignore[arg-type]
    StudyWorker(study, job, evaluate, watch=Watch(grace), beat=0.2).run()
    return study


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:5], grace=1.5)
