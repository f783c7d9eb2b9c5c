"""Runs .tflite files on an emulated CPU, many in one process: the start of Python takes seconds there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import guest
from .counter import counter
from .process import EmulationError, run_process
from .userland import Userland


@dataclass(frozen=True)
class Job:
    """A file and what to run it on.

    Args:
        model: the .tflite.
        inputs: for each input in the graph's order an array of its stored dtype, [samples, *shape].
    """

    model: bytes
    inputs: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Ran:
    """What became of a job.

    Args:
        outputs: for each output in the graph's order an array of its stored dtype, [samples, *shape].
        partitions: the parts of the graph that a delegate took over.
        instructions: of each counted `invoke()`, on the last sample.
    """

    outputs: tuple[np.ndarray, ...]
    partitions: int
    instructions: tuple[int, ...] = ()


def run_emulated(
    jobs: Mapping[str, Job], system: Userland, *, counted: int = 0, begun: Callable[[], object] = lambda: None
) -> dict[str, Ran]:
    """Runs files on an emulated CPU.

    Args:
        jobs: by a name for messages.
        system: what it runs on; its CPU decides the kernels.
        counted: after all its samples, count the instructions of so many further inferences of each file.
        begun: called when a file's turn comes.

    Raises:
        EmulationError: the interpreter crashed or refused a file; says which.
        InputError: the counter cannot be made here.
    """
    with tempfile.TemporaryDirectory(prefix="edgecomp-emulate-") as name:
        folder = Path(name)
        counts = folder / "counts" if counted else None
        command = system.python(counter(system.cpu) if counted else None, counts)
        where = f"on an emulated {system.cpu.name}"
        return run_guest(command, system.environment(), jobs, folder, where, counted=counted, begun=begun)


def run_guest(
    python: Sequence[str | Path],
    environment: Mapping[str, str],
    jobs: Mapping[str, Job],
    folder: Path,
    where: str,
    *,
    counted: int = 0,
    begun: Callable[[], object] = lambda: None,
) -> dict[str, Ran]:
    """Runs files in another Python, which need not be emulated; see `run_emulated`.

    Args:
        python: the command that starts it.
        environment: its variables.
        jobs: by a name for messages.
        folder: empty; for what the two tell each other. A counter writes to its file `counts`.
        where: what the other Python is, for messages.
        counted: how many inferences are counted.
        begun: called when a file's turn comes.

    Raises:
        EmulationError: the other Python ended badly; names the file that it was at.
    """
    names = list(jobs)
    _write_jobs(folder, list(jobs.values()), counted)
    # A path of its own for every run would move what the process has in memory, and so the counts by a few.
    ended = run_process([*python, guest.__file__, "."], environment, folder, lambda _: begun())
    started = len(ended.stdout.split())
    if ended.code:
        at = f"{names[started - 1]}: " if started else ""
        raise EmulationError(f"{at}the interpreter failed {where}: {ended.reason}")
    instructions = _read_counts(folder / "counts", len(names), counted)
    return {name: _read_result(folder / f"{place}.out.npz", instructions[place]) for place, name in enumerate(names)}


def _write_jobs(folder: Path, jobs: Sequence[Job], counted: int) -> None:
    for place, job in enumerate(jobs):
        (folder / f"{place}.tflite").write_bytes(job.model)
        arrays = {f"input_{position}": array for position, array in enumerate(job.inputs)}
        np.savez(folder / f"{place}.npz", **arrays)  # type: ignore[arg-type]
    (folder / "plan.json").write_text(json.dumps({"files": len(jobs), "counted": counted}))


def _read_counts(file: Path, jobs: int, counted: int) -> list[tuple[int, ...]]:
    """For each job the instructions of its counted inferences, less those of the marks themselves."""
    if not counted:
        return [()] * jobs
    marks = np.array(file.read_text().split(), np.int64).reshape(jobs, 1 + counted, 2)
    between = marks[:, :, 1] - marks[:, :, 0]
    return [tuple(int(one) for one in row[1:] - row[0]) for row in between]


def _read_result(file: Path, instructions: tuple[int, ...]) -> Ran:
    with np.load(file) as stored:
        outputs = tuple(stored[f"output_{place}"] for place in range(len(stored.files) - 1))
        return Ran(outputs, int(stored["partitions"]), instructions)
