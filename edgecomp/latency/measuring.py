"""What small networks cost: timed on this machine, or counted on an emulated CPU."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from ..errors import InputError, MeasurementError
from ..progress import Steps
from ..tflite import read_tflite
from .equations import Observation
from .micro import MicroModel
from .work import works_of

ROUNDS = 5
"""Turns of each network. Others have theirs between, so that a slow second of the machine hits one of them."""

TURN_SECONDS = 0.03
FEWEST_SAMPLES, MOST_SAMPLES = 5, 300
"""Of a turn: the time it is given, and how many times are taken in any case."""

SAMPLE_SECONDS = 50e-6
"""What is timed at once, so that looking at the clock does not count."""

LARGEST_DRIFT = 0.25
"""Median of the share by which a turn is slower than the best one of the same network. More is no measurement."""

BYTES_AT_ONCE = 32 * 2**20
"""Of files whose networks have turns with each other; loaded they take three times as much."""

FILES_AT_ONCE = 40
"""That one emulated process is given."""


def observe(
    models: Iterable[MicroModel], where: str, *, threads: int = 1, steps: Steps | None = None
) -> tuple[list[Observation], str]:
    """Finds out what each network costs.

    Args:
        models: the networks.
        where: "here", or "emulate:CPU".
        threads: of the interpreter; counting knows one only.
        steps: shows progress.

    Returns:
        the observations, and their unit.

    Raises:
        InputError: no such place, or what emulation needs is missing.
        MeasurementError: the machine's speed was not steady.
        EmulationError: the emulated interpreter crashed.
    """
    steps = steps or Steps()
    if where == "here":
        return _timed(models, threads, steps), "ns"
    if where.startswith("emulate:"):
        if threads != 1:
            raise InputError("instructions are counted with one thread: leave out --threads")
        return _counted(models, where.removeprefix("emulate:"), steps), "instructions"
    raise InputError(f"--on {where}: this version fits 'here' and on 'emulate:CPU'; on a board, run it there")


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
    drift = statistics.median(one / least - 1 for each, least in zip(medians, best, strict=True) for one in each)
    return best, drift


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


def _timed(models: Iterable[MicroModel], threads: int, steps: Steps) -> list[Observation]:
    # The time of one thread leaves out what other programs take of its core.
    clock = time.thread_time if threads == 1 else time.perf_counter
    found: list[Observation] = []
    drifts = []
    with steps.step("measure", "measuring small networks") as step:
        for part in _parts(models):
            seconds, drift = best_medians([_loaded(one, threads) for one in part], clock=clock)
            found += [_observation(one, 1e9 * each) for one, each in zip(part, seconds, strict=True)]
            drifts += [drift] * len(part)
            step.now(f"measuring small networks ({len(found)})")
    if drifts and statistics.median(drifts) > LARGEST_DRIFT:
        raise MeasurementError(
            f"the machine's speed was not steady (turns differ by {statistics.median(drifts):.0%}): end what else is "
            "running, or cool it, and measure again"
        )
    return found


def _parts(models: Iterable[MicroModel]) -> Iterator[list[MicroModel]]:
    """So many at a time as a small board's memory bears."""
    part: list[MicroModel] = []
    for one in models:
        if part and sum(len(other.file) for other in part) + len(one.file) > BYTES_AT_ONCE:
            yield part
            part = []
        part.append(one)
    if part:
        yield part


def _loaded(model: MicroModel, threads: int) -> Callable[[], object]:
    import numpy as np
    from edgecomp_runtime.model import Model

    loaded = Model.load(model.file, threads=threads, engine="ai_edge_litert")
    return loaded.bare_invoke([np.zeros(tensor.shape, tensor.stored_dtype) for tensor in loaded.inputs])


def _counted(models: Iterable[MicroModel], cpu: str, steps: Steps) -> list[Observation]:
    from ..emulate import count_instructions

    found = []
    waiting = iter(models)
    while part := list(islice(waiting, FILES_AT_ONCE)):
        counts = count_instructions({one.name: one.file for one in part}, cpu, steps=steps)
        for one in part:
            count = counts[one.name]
            if not count.valid:
                raise MeasurementError(f"{one.name}: inferences differ by {count.spread:,} instructions")
            found.append(_observation(one, float(count.instructions)))
    return found


def _observation(model: MicroModel, cost: float) -> Observation:
    return Observation(model.name, works_of(read_tflite(model.file)), cost, model.is_block)
