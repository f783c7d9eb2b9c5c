"""Latency on this machine, by the device package's own benchmark. Runs in a worker process."""

from __future__ import annotations

from typing import Any

from edgecomp_runtime.bench import benchmark
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.model import Model

QUICK_SECONDS = 0.2
QUICK_WARM_UP_SECONDS = 0.1
"""Enough for a median to put into a report; `edgecomp profile` measures properly."""


def measure_here(model: bytes, contract: Contract, *, threads: int) -> dict[str, Any]:
    """Loads and times a file.

    Returns:
        what `edgecomp-runtime bench --json` prints.
    """
    loaded = Model.load(model, threads=threads, engine="ai_edge_litert", preprocess=contract)
    return benchmark(loaded, seconds=QUICK_SECONDS, warm_up_seconds=QUICK_WARM_UP_SECONDS).to_dict()
