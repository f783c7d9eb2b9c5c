"""Latency on this machine, by the device package's own benchmark. Runs in a worker process."""

from __future__ import annotations

from typing import Any

from edgecomp_runtime.contract import Contract
from edgecomp_runtime.measure.benchmark import benchmark
from edgecomp_runtime.measure.plan import BRIEF
from edgecomp_runtime.model import Model


def measure_here(model: bytes, contract: Contract, *, threads: int) -> dict[str, Any]:
    """Loads and times a file, for long enough to put a median into a report; `edgecomp profile` measures properly.

    Returns:
        what `edgecomp-runtime bench --json` prints.
    """
    loaded = Model.load(model, threads=threads, engine="ai_edge_litert", preprocess=contract)
    return benchmark(loaded, BRIEF).to_dict()
