"""Android's `benchmark_model`, which the user supplies: what it is built for, and how it is started."""

from __future__ import annotations

import math
import os
import shlex
import struct
from dataclasses import dataclass
from pathlib import Path

from edgecomp_runtime.measure.plan import Plan

from ...errors import InputError

VARIABLE = "EDGECOMP_BENCHMARK_MODEL"

WHERE_FROM = (
    "take one of the builds that Google publishes, or build it: "
    "https://github.com/google-ai-edge/LiteRT/tree/main/tflite/tools/benchmark"
)

DELEGATES = {
    "xnnpack": "--use_xnnpack=true",
    "none": "--use_xnnpack=false",
    "gpu": "--use_gpu=true",
    "nnapi": "--use_nnapi=true",
}

# Of the ELF header: e_machine, and the ABIs of Android that are it.
_MACHINES = {
    183: ("arm64-v8a",),
    40: ("armeabi-v7a", "armeabi"),
    62: ("x86_64",),
    3: ("x86",),
    243: ("riscv64",),
}
_ELF_MACHINE = struct.Struct("<4x1xB12xH")


@dataclass(frozen=True)
class Binary:
    """A build of benchmark_model.

    Args:
        path: on this computer.
        abis: names under which phones may list it.
    """

    path: Path
    abis: tuple[str, ...]


def find_binary(named: Path | None) -> Binary:
    """The build to use: the one that is named, or `VARIABLE`'s.

    Raises:
        InputError: there is none, or it is no program for Android.
    """
    path = named or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if path is None:
        raise InputError(
            f"measuring on a phone takes Android's benchmark_model: name it with --benchmark-model, or in {VARIABLE}; "
            f"{WHERE_FROM}"
        )
    try:
        with path.open("rb") as file:
            header = file.read(_ELF_MACHINE.size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    if not header.startswith(b"\x7fELF") or len(header) < _ELF_MACHINE.size:
        raise InputError(f"{path}: is no program for Android; {WHERE_FROM}")
    order, machine = _ELF_MACHINE.unpack(header)
    if order != 1 or machine not in _MACHINES:
        raise InputError(f"{path}: is a program for no CPU that Android runs on; {WHERE_FROM}")
    return Binary(path, _MACHINES[machine])


def require_runs_on(binary: Binary, abis: tuple[str, ...], phone: str) -> None:
    """Refuses a build for another CPU; a phone that does not say what it runs passes.

    Raises:
        InputError: it is one.
    """
    if abis and not set(abis) & set(binary.abis):
        raise InputError(
            f"{binary.path}: is built for {binary.abis[0]}, and {phone} runs {', '.join(abis)}; take another build"
        )


def window_command(program: str, model: str, plan: Plan, threads: int, delegate: str | None) -> str:
    """The command that measures one window.

    Args:
        program: path of benchmark_model on the phone.
        model: path of the .tflite there.
        plan: how long a measurement is; a window is its part.
        threads: of the interpreter.
        delegate: of `DELEGATES`; None leaves it to the program.
    """
    seconds = plan.seconds / plan.windows
    options = [
        *_common(program, model, threads, delegate),
        f"--num_runs={math.ceil(plan.runs / plan.windows)}",
        f"--min_secs={seconds:g}",
        f"--max_secs={longest_seconds(plan):g}",
        "--warmup_runs=5",
        f"--warmup_min_secs={plan.warm_up_seconds:g}",
    ]
    return shlex.join(options)


def memory_command(program: str, model: str, threads: int, delegate: str | None) -> str:
    """The command that looks how much memory is taken; that is no measurement of time, since looking takes some."""
    short = ("--num_runs=10", "--min_secs=0.2", "--max_secs=10", "--warmup_runs=1", "--warmup_min_secs=0")
    options = (*short, "--report_peak_memory_footprint=true", "--memory_footprint_check_interval_ms=5")
    return shlex.join([*_common(program, model, threads, delegate), *options])


def longest_seconds(plan: Plan) -> float:
    """After so many seconds a window has had its chance, whatever it has measured."""
    return plan.patience * plan.seconds / plan.windows


def _common(program: str, model: str, threads: int, delegate: str | None) -> list[str]:
    chosen = [] if delegate is None else [DELEGATES[delegate]]
    return [program, f"--graph={model}", f"--num_threads={threads}", *chosen]
