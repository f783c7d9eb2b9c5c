"""How many instructions an inference takes on an emulated CPU. A count is exact; an emulator's time means nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..progress import Steps
from ..tflite import read_tflite
from .cpus import find_cpu
from .inputs import made_up_inputs
from .run import Job, Ran, run_emulated
from .userland import Userland, userland

COUNTED = 3
"""Inferences of each file. A buffer of the interpreter's own that grows now and then makes one of them longer by some
hundred instructions, so that the least of them counts."""

LARGEST_SPREAD = 0.001
"""Of a count that means something: the difference between inferences, as a share."""

USUAL_SPREAD = 1000
"""In instructions; what such a buffer takes, which in a tiny network is more than that share."""


@dataclass(frozen=True)
class Count:
    """Instructions of one `invoke()` with one thread, the input set and the output not yet read.

    Args:
        instructions: the least of the counted inferences, after warming up.
        spread: by how much the others were longer, at the most.
        partitions: the parts of the graph that a delegate (XNNPACK) took over.
    """

    instructions: int
    spread: int
    partitions: int

    @property
    def valid(self) -> bool:
        """Whether the inferences agree."""
        return self.spread <= max(USUAL_SPREAD, LARGEST_SPREAD * self.instructions)


def count_instructions(
    files: Mapping[str, bytes], cpu: str = "cortex-a53", *, steps: Steps | None = None
) -> dict[str, Count]:
    """Counts the instructions of an inference of each file, on made-up inputs, all in one emulated process.

    Args:
        files: .tflite files by any names.
        cpu: one of `edgecomp.emulate.CPUS`.
        steps: shows progress.

    Raises:
        InputError: no such CPU, a file is not a .tflite, or what emulation needs is missing; the message says what.
        EmulationError: the emulated interpreter crashed or refused a file.

    Example:
        >>> count_instructions({"plain": plain, "pruned": pruned}, "cortex-a76")["pruned"].instructions
        1514022
    """
    steps = steps or Steps()
    jobs = {name: Job(file, made_up_inputs(read_tflite(file))) for name, file in files.items()}
    system = userland(find_cpu(cpu), steps)
    with steps.step("count", f"counting instructions on an emulated {cpu}") as step:
        begun = step.track(jobs, len(jobs))
        return count_jobs(jobs, system, lambda: next(begun, None))


def count_jobs(jobs: Mapping[str, Job], system: Userland, begun: Callable[[], object]) -> dict[str, Count]:
    """As `count_instructions`, on inputs of the caller's choice; `begun` is called when a file's turn comes."""
    ran = run_emulated(jobs, system, counted=COUNTED, begun=begun)
    return {name: _count(one) for name, one in ran.items()}


def _count(ran: Ran) -> Count:
    least = min(ran.instructions)
    return Count(least, max(ran.instructions) - least, ran.partitions)
