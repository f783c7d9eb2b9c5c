"""What small networks cost: timed on this machine or a device, or counted on an emulated CPU."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ..errors import InputError, MeasurementError
from ..progress import Steps
from ..tflite import read_tflite
from .equations import Observation
from .micro import MicroModel
from .turns import time_files
from .work import works_of

LARGEST_DRIFT = 0.25
"""Median of the share by which a turn is slower than the best one of the same network. More is no measurement."""

BYTES_AT_ONCE = 32 * 2**20
"""Of files whose networks have turns with each other; loaded they take three times as much."""

FILES_AT_ONCE = 40
"""That one emulated process is given."""


@dataclass(frozen=True)
class Turns:
    """Times of some networks that had turns with each other.

    Args:
        seconds: of an inference of each.
        drift: the share by which turns are slower than the best of the same network, in the median.
        on: what they ran on: the architecture, and the interpreter with its version.
    """

    seconds: Sequence[float]
    drift: float
    on: str


Timer = Callable[[Sequence[bytes], int], Turns]
"""Times .tflite files with so many threads."""


def time_here(files: Sequence[bytes], threads: int) -> Turns:
    """Times files on this machine."""
    seconds, drift, engine = time_files(files, threads, engine="ai_edge_litert")
    return Turns(seconds, drift, f"{platform.machine()} with {engine}")


@dataclass(frozen=True)
class Observed:
    """What networks cost.

    Args:
        observations: one for each.
        unit: of the costs: "ns" or "instructions".
        on: what they ran on.
    """

    observations: list[Observation]
    unit: str
    on: str


def observe(
    models: Iterable[MicroModel], where: str | Timer, *, threads: int = 1, steps: Steps | None = None
) -> Observed:
    """Finds out what each network costs.

    Args:
        models: the networks.
        where: "here", "emulate:CPU", or what times them elsewhere.
        threads: of the interpreter; counting knows one only.
        steps: shows progress.

    Raises:
        InputError: no such place, or what emulation needs is missing.
        MeasurementError: the machine's speed was not steady.
        EmulationError: the emulated interpreter crashed.
    """
    steps = steps or Steps()
    if where == "here":
        where = time_here
    if not isinstance(where, str):
        return _timed(models, where, threads, steps)
    if where.startswith("emulate:"):
        if threads != 1:
            raise InputError("instructions are counted with one thread: leave out --threads")
        cpu = where.removeprefix("emulate:")
        return Observed(_counted(models, cpu, steps), "instructions", f"an emulated {cpu}")
    raise InputError(f"--on {where}: is none of 'here', 'ssh://user@host' and 'emulate:CPU'")


def _timed(models: Iterable[MicroModel], timer: Timer, threads: int, steps: Steps) -> Observed:
    found: list[Observation] = []
    drifts: list[float] = []
    on = ""
    with steps.step("measure", "measuring small networks") as step:
        for part in _parts(models):
            turns = timer([one.file for one in part], threads)
            found += [_observation(one, 1e9 * each) for one, each in zip(part, turns.seconds, strict=True)]
            drifts += [turns.drift] * len(part)
            on = turns.on
            step.now(f"measuring small networks ({len(found)})")
    if drifts and statistics.median(drifts) > LARGEST_DRIFT:
        raise MeasurementError(
            f"the machine's speed was not steady (turns differ by {statistics.median(drifts):.0%}): end what else is "
            "running, or cool it, and measure again"
        )
    return Observed(found, "ns", on)


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
