"""What `edgecomp profile --on adb` does: benchmark_model measures on a phone in windows, and nothing is left there."""

from __future__ import annotations

import hashlib
import secrets
import shlex
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgecomp_runtime.bundle.read import is_bundle, read_bundle
from edgecomp_runtime.engines import is_tflite
from edgecomp_runtime.measure.plan import Plan

from ...errors import InputError
from ...progress import Step, Steps
from ..profile import now
from .adb import Adb, PhoneLostError, connect
from .binary import Binary, find_binary, longest_seconds, memory_command, require_runs_on, window_command
from .judging import judge
from .result import bench_data
from .state import State, identify, look
from .transcript import Transcript, read_transcript, why_it_failed

FOLDER = "/data/local/tmp"
"""The one place of a phone where adb may write, and where programs may run."""

_PROGRAM, _MODEL = "benchmark_model", "model.tflite"

_PATIENCE_SECONDS = 120.0
"""For loading a model and what else is around the windows."""


@dataclass(frozen=True)
class Options:
    """How to measure.

    Args:
        plan: how long, and what it takes to count.
        threads: of the interpreter.
        delegate: "xnnpack", "none", "gpu" or "nnapi"; None leaves it to benchmark_model.
        binary: path of benchmark_model; None takes the environment's.
    """

    plan: Plan
    threads: int = 1
    delegate: str | None = None
    binary: Path | None = None


@dataclass(frozen=True)
class _Measured:
    windows: list[Transcript]
    states: list[State]
    memory: Transcript | None


@dataclass(frozen=True)
class PhoneMeasurement:
    """A file, measured on a phone.

    Args:
        file: its path here.
        serial: of the phone.
        model_sha256: of the .tflite.
        at: when, UTC, ISO 8601.
        bench: in the form of `edgecomp-runtime bench --json`; what benchmark_model does not tell is absent.
    """

    file: str
    serial: str
    model_sha256: str
    at: str
    bench: dict[str, Any]

    @property
    def valid(self) -> bool:
        """Whether it counts."""
        return bool(self.bench["valid"])

    def to_dict(self) -> dict[str, Any]:
        """The measurement as JSON-ready data."""
        where = {"file": self.file, "on": f"adb:{self.serial}", "at": self.at, "model_sha256": self.model_sha256}
        return {**where, **self.bench}


def profile_phone(file: Path, serial: str | None, options: Options, *, steps: Steps | None = None) -> PhoneMeasurement:
    """Measures a file on a phone.

    Args:
        file: a .tflite or a bundle.
        serial: names the phone; None takes the only one.
        options: how.
        steps: shows progress.

    Raises:
        InputError: there is no such file, program or phone, the model does not run there, or the connection broke.
        IntegrityError: the bundle is damaged.
    """
    steps = steps or Steps()
    model = _model_of(file)
    binary = find_binary(options.binary)
    left: list[str] = []
    with steps.step("connect", "looking for the phone") as step:
        phone = connect(serial)
        identity = identify(phone)
        require_runs_on(binary, identity.abis, identity.name)
        with _folder_on(phone, left) as folder:
            _send(phone, folder, binary, model, step)
            measured = _measure(phone, folder, identity.name, options, step)
    verdict = judge(options.plan, measured.windows, measured.states, options.delegate)
    verdict = replace(verdict, notes=(*verdict.notes, *left))
    bench = bench_data(
        options.plan, options.threads, identity, measured.windows, measured.states, measured.memory, verdict
    )
    bench["benchmark_model_sha256"] = hashlib.sha256(binary.path.read_bytes()).hexdigest()
    return PhoneMeasurement(str(file), phone.serial, hashlib.sha256(model).hexdigest(), now(), bench)


def _model_of(file: Path) -> bytes:
    if not file.exists():
        raise InputError(f"{file}: there is no such file")
    if file.is_file() and is_tflite(file):
        return file.read_bytes()
    if is_bundle(file):
        return read_bundle(file).model
    raise InputError(f"{file}: is neither a .tflite model nor a bundle")


@contextmanager
def _folder_on(phone: Adb, left: list[str]) -> Iterator[str]:
    """A folder of our own on the phone, which goes again whatever happens, with the program that runs in it.

    Args:
        phone: where.
        left: is told where it could not be taken away.
    """
    folder = f"{FOLDER}/edgecomp-{secrets.token_hex(8)}"
    try:
        made = phone.shell(f"mkdir {folder}", doing="making a folder")
        if made.code:
            raise InputError(f"{phone.serial}: {FOLDER} cannot be written ({why_it_failed(made.stdout)})")
        yield folder
    finally:
        end = f"kill -9 $(cat {folder}/pid) 2>/dev/null; rm -rf {folder}"
        try:
            phone.shell(end, doing="tidying up", seconds=20)
        except PhoneLostError:  # no reason to lose what was measured, or to say something else than what went wrong
            left.append(f"the phone had gone before it could be tidied: {folder} is still on it")


def _send(phone: Adb, folder: str, binary: Binary, model: bytes, step: Step) -> None:
    step.now(f"sending benchmark_model to {phone.serial}")
    phone.push(binary.path, f"{folder}/{_PROGRAM}", doing="sending benchmark_model")
    phone.shell(f"chmod 755 {folder}/{_PROGRAM}", doing="sending benchmark_model")
    with tempfile.TemporaryDirectory() as here:
        local = Path(here) / _MODEL
        local.write_bytes(model)
        step.now(f"sending the model to {phone.serial}")
        phone.push(local, f"{folder}/{_MODEL}", doing="sending the model")


def _measure(phone: Adb, folder: str, name: str, options: Options, step: Step) -> _Measured:
    plan, threads, delegate = options.plan, options.threads, options.delegate
    places = (f"{folder}/{_PROGRAM}", f"{folder}/{_MODEL}")
    if plan.cool_down_seconds:
        step.now(f"letting {name} cool down for {plan.cool_down_seconds:.0f} s")
        time.sleep(plan.cool_down_seconds)
    states, windows = [look(phone)], list[Transcript]()
    for number in range(plan.windows):
        step.at(number, plan.windows, f"measuring on {name}")
        windows.append(_run(phone, folder, window_command(*places, plan, threads, delegate), plan))
        states.append(look(phone))
    step.now(f"looking at the memory on {name}")
    try:
        memory = _run(phone, folder, memory_command(*places, threads, delegate), plan)
    except PhoneLostError:
        raise
    except InputError:  # an old benchmark_model does not know how
        memory = None
    return _Measured(windows, states, memory)


def _run(phone: Adb, folder: str, command: str, plan: Plan) -> Transcript:
    # Its number is written down, so that it can be ended from outside: adb's own end does not reach it.
    ended = phone.shell(
        f"sh -c {shlex.quote(f'echo $$ > {folder}/pid; exec {command}')}; code=$?; rm -f {folder}/pid; exit $code",
        doing="measuring",
        seconds=_PATIENCE_SECONDS + 2 * longest_seconds(plan),
    )
    if ended.code:
        said = why_it_failed(ended.stdout) or "it does not say why"
        raise InputError(f"{phone.serial}: benchmark_model ended with exit code {ended.code}: {said}")
    return read_transcript(ended.stdout)
