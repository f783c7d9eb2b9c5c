"""Proof that a bundle runs right on this very device. Needs NumPy and an interpreter, unlike the rest of the room."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..bundle.manifest import Manifest
from ..errors import BudgetError, IntegrityError, MeasurementError
from ..model import Model
from ..verify import Verification, require_passed, verify

LATENCY_SECONDS = 2.0
_TRIES = 3


@dataclass(frozen=True)
class Proof:
    """That a bundle runs right on this device.

    Args:
        verification: how the golden samples came out.
        latency_ms: the median, where the bundle limits it, else None.
    """

    verification: Verification
    latency_ms: Optional[float]


def prove(path: Path, manifest: Manifest, *, threads: int, engine: Optional[str]) -> Proof:
    """Runs a bundle's golden samples here, and measures it where the bundle limits its latency.

    Args:
        path: the bundle.
        manifest: its manifest.
        threads: of the interpreter.
        engine: see `Model.load`.

    Raises:
        InputError: there is no interpreter here that opens it.
        IntegrityError: it has no golden samples, or does not compute here what it must.
        BudgetError: it is slower here than it may be.
        MeasurementError: its latency could not be measured.
    """
    if manifest.golden is None:
        raise IntegrityError(f"{path}: has no golden samples, so that nothing shows whether it runs right here")
    model = Model.load(path, threads=threads, engine=engine)
    verification = verify(model)
    require_passed(verification)
    limit = manifest.latency_limit_ms
    return Proof(verification, None if limit is None else _latency(model, limit))


def _latency(model: Model, limit_ms: float) -> float:
    from ..measure.benchmark import benchmark
    from ..measure.plan import QUICK

    for _ in range(_TRIES):
        result = benchmark(model, QUICK.changed(seconds=LATENCY_SECONDS))
        medians = [one.p50_ms for one in result.windows]
        # A device is seldom idle, and a limit seldom close: whatever disturbed it, all parts may agree about the limit.
        if result.valid or max(medians) <= limit_ms or min(medians) > limit_ms:
            break
    else:
        reasons = "; ".join(result.reasons)
        raise MeasurementError(f"whether the latency stays below {limit_ms:g} ms cannot be measured: {reasons}")
    median = result.latency_ms.p50
    if median > limit_ms:
        raise BudgetError(
            f"the median latency is {median:.3g} ms here, and the bundle allows {limit_ms:g} ms; it was not installed"
        )
    return median
