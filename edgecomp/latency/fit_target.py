"""Fits the latency model to a device."""

from __future__ import annotations

from dataclasses import replace

from ..progress import Steps
from ..targets import Target
from .fitting import Fit, fit
from .measuring import Observed, Timer, observe
from .micro import micro_models


def fit_target(target: Target, where: str | Timer, *, threads: int = 1, steps: Steps | None = None) -> Fit:
    """Measures small networks and finds the coefficients that explain what they cost.

    Args:
        target: the device; what it says of an instruction's time goes with counted coefficients.
        where: "here" (run it on the device itself), "emulate:CPU", or what times files elsewhere.
        threads: of the interpreter.
        steps: shows progress.

    Raises:
        InputError: no such place, or what emulation needs is missing.
        MeasurementError: the machine was not steady, or what was measured does not follow from the work.
        EmulationError: the emulated interpreter crashed.
    """
    steps = steps or Steps()
    timed = not isinstance(where, str) or where == "here"
    observed = observe(micro_models(heavy=timed), where, threads=threads, steps=steps)
    with steps.step("fit", "fitting coefficients"):
        found = fit(observed.observations, source=_source(observed), unit=observed.unit, threads=threads)
    known = target.prediction
    if observed.unit == "instructions" and known is not None and known.unit == observed.unit:
        prediction = replace(found.prediction, instruction=known.instruction, memory=known.memory)
        return replace(found, prediction=prediction)
    return found


def _source(observed: Observed) -> str:
    count = len(observed.observations)
    if observed.unit == "instructions":
        return f"instructions of {count} small networks, counted on {observed.on}"
    return f"{count} small networks, measured on {observed.on}"
