"""Results as files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes a result; its path is returned."""

    def written(name: str, data: Any) -> str:
        path = tmp_path / name
        path.write_text(json.dumps(data))
        return str(path)

    return written


@pytest.fixture
def bench() -> dict[str, Any]:
    """What `edgecomp-runtime bench --json` prints, of a Raspberry Pi 5: p50 2.0 ms, from 1.9 to 2.1."""
    return {
        "valid": True,
        "reasons": [],
        "latency_ms": {
            "p50": 2.0,
            "p90": 2.5,
            "p99": None,
            "mean": 2.1,
            "least": 1.8,
            "runs": 500,
            "intervals": {
                "p50": {"low": 1.9, "high": 2.1, "confidence": 0.95},
                "p90": {"low": 2.4, "high": 2.6, "confidence": 0.95},
            },
        },
        "load_ms": 12.0,
        "first_ms": 3.0,
        "peak_memory_bytes": 50_000_000,
        "engine": {"name": "ai_edge_litert", "version": "2.3.0", "threads": 4, "xnnpack": True, "partitions": 1},
        "machine": "Linux aarch64 (64-bit), cpython 3.11, glibc 2.36",
        "device": {"board": "Raspberry Pi 5", "cpu": "Cortex-A76", "cpus": 4, "memory_bytes": 8_000_000_000},
        "energy": {"reason": "", "joules_per_inference": 0.004, "net_joules_per_inference": 0.003},
    }


@pytest.fixture
def report() -> dict[str, Any]:
    """A report.json: a float model, a compressed one, and what one device said."""
    return {
        "schema": 1,
        "target": "raspberry-pi-5",
        "float": {
            "bytes": 280_000,
            "metric": {"name": "top1", "value": 0.91, "n": 2000},
            "latency_ms": {"p50": 30.0, "valid": False, "runs": 100},
        },
        "compressed": {
            "bytes": 80_000,
            "metric": {"name": "top1", "value": 0.9, "n": 2000},
            "latency_ms": {"p50": 10.0, "p90": 11.0, "valid": True, "runs": 100},
        },
        "agreement": 0.99,
        "environment": {"cpu": "AMD EPYC", "cpus": 2, "threads": 2, "engine": "ai_edge_litert", "delegate": "xnnpack"},
        "devices": [
            {"host": "kitchen", "latency_ms": {"p50": 8.0, "valid": True}, "machine": "Linux aarch64"},
            {"host": "kitchen", "latency_ms": {"p50": 7.0, "valid": True}, "machine": "Linux aarch64"},
        ],
    }
