"""Says what this machine has, what it lacks and the exact command that mends it. Works where nothing is installed."""

from __future__ import annotations

import importlib
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any, Optional

from .machine import Machine, install_line, pip_install, this_machine, wheels_for, why_no_wheel

_PACKAGES = (("ai_edge_litert", "ai-edge-litert"), ("tflite_runtime", "tflite-runtime"), ("tensorflow", "tensorflow"))


@dataclass(frozen=True)
class Interpreter:
    """One of the packages that carry an interpreter.

    Args:
        package: its name for pip.
        version: as installed, or None where it is not.
        works: whether it can be imported.
        problem: why not, or "".
    """

    package: str
    version: Optional[str]
    works: bool
    problem: str


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Args:
        machine: system, architecture, Python and C library.
        python: path of this Python.
        numpy: its version, or None.
        pillow: its version, or None (only photos need it).
        interpreters: each that can be used here, in the order in which they are tried.
        installable: what pip could install, the best first.
        healthy: whether models run here.
        advice: what to do, one line each; the commands are complete.
    """

    machine: Machine
    python: str
    numpy: Optional[str]
    pillow: Optional[str]
    interpreters: tuple[Interpreter, ...]
    installable: tuple[str, ...]
    healthy: bool
    advice: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"machine         {self.machine}", f"python          {self.python}"]
        lines += [
            f"numpy           {self.numpy or 'not installed'}",
            f"pillow          {self.pillow or 'not installed'}",
        ]
        lines += [f"{one.package:<15} {_state(one)}" for one in self.interpreters]
        lines.append(f"can be had      {', '.join(self.installable) or 'no interpreter'}")
        lines.append(f"models run      {'yes' if self.healthy else 'no'}")
        return "\n".join(lines + [f"-> {line}" for line in self.advice])

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as JSON-ready data."""
        return {**asdict(self), "machine": {**asdict(self.machine), "bits": self.machine.bits}}


def diagnose(machine: Optional[Machine] = None) -> Diagnosis:
    """Looks at this Python and what is installed in it.

    Args:
        machine: what to take for the machine; None looks.
    """
    here = machine or this_machine()
    numpy, pillow = _version("numpy"), _version("pillow")
    interpreters = tuple(_look_at(module, package, numpy) for module, package in _PACKAGES)
    healthy = numpy is not None and any(one.works for one in interpreters)
    return Diagnosis(
        machine=here,
        python=sys.executable,
        numpy=numpy,
        pillow=pillow,
        interpreters=interpreters,
        installable=tuple(f"{wheel.package} {wheel.version}" for wheel in wheels_for(here)),
        healthy=healthy,
        advice=tuple(_advice(here, interpreters, healthy, pillow)),
    )


def _state(interpreter: Interpreter) -> str:
    if interpreter.version is None:
        return "not installed"
    return f"{interpreter.version}, {'works' if interpreter.works else interpreter.problem}"


def _look_at(module: str, package: str, numpy: Optional[str]) -> Interpreter:
    version = _version(package)
    if version is None and module == "tensorflow":
        version = _version("tensorflow-cpu")
    if version is None:
        return Interpreter(package, None, False, "")
    if numpy is None:
        return Interpreter(package, version, False, "NumPy is not installed")
    engines = importlib.import_module(".engines", __package__)  # it imports NumPy
    # Importing TensorFlow takes seconds, and says little more than that it is there.
    problem = "" if module == "tensorflow" else engines.try_engine(module)[1]
    return Interpreter(package, version, not problem, problem)


def _advice(machine: Machine, interpreters: tuple[Interpreter, ...], healthy: bool, pillow: Optional[str]) -> list[str]:
    lines = [one.problem for one in interpreters if one.problem and not healthy]
    line = install_line(machine)
    if not healthy:
        lines.append(f"install an interpreter: {line}" if line else why_no_wheel(machine))
    elif not interpreters[0].works and line is not None and "ai-edge-litert" in line:
        lines.append(f"models run, but LiteRT is newer and often many times faster: {line}")
    if pillow is None:
        lines.append(f"photos need Pillow: {pip_install('pillow')}")
    if machine.architecture != machine.kernel_architecture:
        lines.append(
            f"this is a {machine.bits}-bit system on a {machine.kernel_architecture} kernel; a 64-bit system runs int8 "
            "models faster and has newer interpreters"
        )
    return lines


def _version(package: str) -> Optional[str]:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
