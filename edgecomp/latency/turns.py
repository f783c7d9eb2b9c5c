"""Times small networks in turn. Runs here and, sent over SSH, on a device: Python 3.9, NumPy and the device package.

    python turns.py FILE THREADS

FILE is xz: a line of JSON with the `sizes` of .tflite files, then these files. Prints JSON: `seconds` of each, `drift`,
`machine`, and the `engine` they ran on.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

ROUNDS = 5
"""Turns of each network. Others have theirs between, so that a slow second of the machine hits one of them."""

TURN_SECONDS = 0.03
FEWEST_SAMPLES, MOST_SAMPLES = 5, 300
"""Of a turn: the time it is given, and how many times are taken in any case."""

SAMPLE_SECONDS = 50e-6
"""What is timed at once, so that looking at the clock does not count."""


def best_medians(
    runs: Sequence[Callable[[], object]], *, clock: Callable[[], float] = time.perf_counter
) -> tuple[list[float], float]:
    """Times functions in turn.

    Args:
        runs: what is timed.
        clock: tells seconds.

    Returns:
        seconds of each: the least of its turns' medians; and by what share the turns are slower, in the median.
    """
    medians: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for place, run in enumerate(runs):
            medians[place].append(statistics.median(_turn(run, clock)))
    best = [min(each) for each in medians]
    drift = statistics.median(one / least - 1 for each, least in zip(medians, best) for one in each)  # noqa: B905
    return best, drift


def time_files(files: Sequence[bytes], threads: int, engine: str | None = None) -> tuple[list[float], float, str]:
    """Times one inference of each file.

    Args:
        files: each a .tflite.
        threads: of the interpreter.
        engine: see `Model.load`.

    Returns:
        seconds of each and the drift, as `best_medians`; and what they ran on.
    """
    from edgecomp_runtime.model import Model

    models = [Model.load(file, threads=threads, engine=engine) for file in files]
    # The time of one thread leaves out what other programs take of its core.
    seconds, drift = best_medians(
        [_inference(model) for model in models], clock=time.thread_time if threads == 1 else time.perf_counter
    )
    return seconds, drift, f"{models[0].engine.name} {models[0].engine.version}" if models else ""


def _inference(model: Any) -> Callable[[], object]:
    import numpy as np

    invoke: Callable[[], object] = model.bare_invoke(
        [np.zeros(tensor.shape, tensor.stored_dtype) for tensor in model.inputs]
    )
    return invoke


def _turn(run: Callable[[], object], clock: Callable[[], float]) -> Iterator[float]:
    """Seconds of single runs, after some that fetch back into the caches what others have pushed out."""
    run()
    start = clock()
    run()
    at_once = 1 + int(SAMPLE_SECONDS / max(clock() - start, 1e-9))
    end = time.perf_counter() + TURN_SECONDS
    for count in range(MOST_SAMPLES):
        if count >= FEWEST_SAMPLES and time.perf_counter() > end:
            return
        start = clock()
        for _ in range(at_once):
            run()
        yield (clock() - start) / at_once


def main(path: str, threads: int) -> None:
    """Times the files of an archive, as the module's docstring says."""
    import lzma

    with lzma.open(path) as archive:
        files = [archive.read(size) for size in json.loads(archive.readline())["sizes"]]
    seconds, drift, engine = time_files(files, threads)
    print(json.dumps({"seconds": seconds, "drift": drift, "machine": platform.machine(), "engine": engine}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
