"""Fits the latency model to a device."""

from __future__ import annotations

import platform
from dataclasses import replace

from ..progress import Steps
from ..targets import Target
from .fitting import Fit, fit
from .measuring import observe
from .micro import micro_models


def fit_target(target: Target, where: str, *, threads: int = 1, steps: Steps | None = None) -> Fit:
    """Measures small networks and finds the coefficients that explain what they cost.

    Args:
        target: the device; what it says of an instruction's time goes with counted coefficients.
        where: "here" (run it on the device itself), or "emulate:CPU".
        threads: of the interpreter.
        steps: shows progress.

    Raises:
        InputError: no such place, or what emulation needs is missing.
        MeasurementError: the machine was not steady, or what was measured does not follow from the work.
        EmulationError: the emulated interpreter crashed.
    """
    steps = steps or Steps()
    observations, unit = observe(micro_models(heavy=where == "here"), where, threads=threads, steps=steps)
    with steps.step("fit", "fitting coefficients"):
        found = fit(observations, source=_source(where, len(observations), unit), unit=unit, threads=threads)
    known = target.prediction
    if unit == "instructions" and known is not None and known.unit == unit:
        prediction = replace(found.prediction, instruction=known.instruction, memory=known.memory)
        return replace(found, prediction=prediction)
    return found


def _source(where: str, count: int, unit: str) -> str:
    if unit == "instructions":
        return f"instructions of {count} small networks, counted on an emulated {where.removeprefix('emulate:')}"
    return f"{count} small networks, measured on {platform.machine()} with LiteRT {_interpreter()}"


def _interpreter() -> str:
    from importlib.metadata import version

    return version("ai-edge-litert")
