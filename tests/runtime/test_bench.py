"""A measurement says what was measured, and whether it counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime import InputError, Model
from edgecomp_runtime.bench import benchmark, judge, summarize


def test_percentiles_need_enough_runs() -> None:
    assert summarize([1.0] * 49).p90 is None
    assert summarize([1.0] * 50).p90 == 1.0
    assert summarize([1.0] * 999).p99 is None
    assert summarize([1.0] * 1000).p99 == 1.0
    latency = summarize(list(range(1, 101)))
    assert (latency.p50, latency.least, latency.mean, latency.runs) == (50.5, 1, 50.5, 100)
    assert latency.p90 == pytest.approx(90.1)


def test_too_few_runs_are_not_valid() -> None:
    assert "only 49 runs" in judge([1.0] * 49)[0]
    assert judge([1.0] * 50) == ()
    assert "only 99 runs" in judge([1.0] * 99, runs=100)[0]


def test_a_drifting_speed_is_not_valid() -> None:
    assert judge([1.0] * 100 + [1.19] * 100) == ()
    assert "not steady" in judge([1.0] * 100 + [1.3] * 100)[0]
    assert "not steady" in judge([1.3] * 100 + [1.0] * 100)[0]
    # A few slow runs are what p90 is for.
    assert judge(([1.0] * 9 + [5.0]) * 20) == ()


@pytest.mark.parametrize("name", ["photo_int8", "two", "ids"])
def test_a_model_is_measured(models: Path, name: str) -> None:
    shares: list[float] = []
    result = benchmark(Model.load(models / f"{name}.tflite"), seconds=0.3, runs=60, progress=shares.append)
    assert result.latency_ms.runs >= 60
    assert result.seconds >= 0.3
    assert result.warm_up_runs >= 5
    assert result.first_ms is not None
    assert result.first_ms > 0
    assert result.load_ms > 0
    assert 0 < result.latency_ms.least <= result.latency_ms.p50
    assert result.peak_memory_bytes is not None
    assert 2**24 < result.peak_memory_bytes < 2**36
    assert result.engine.name == "ai_edge_litert"
    assert all(0 <= share <= 1 for share in shares)
    assert result.valid is (not result.reasons)
    assert json.loads(json.dumps(result.to_dict()))["engine"]["threads"] == 1
    assert "p50" in str(result)


def test_the_first_inference_is_not_made_up(models: Path) -> None:
    model = Model.load(models / "table.tflite")
    model.run(np.zeros(5, np.float32))
    result = benchmark(model, seconds=0.01)
    assert result.first_ms is None
    assert "not measured" in str(result)


def test_a_measurement_that_cannot_have_its_runs_ends_and_says_so(models: Path) -> None:
    result = benchmark(Model.load(models / "photo_int8.tflite"), seconds=0.001, runs=10**9)
    assert not result.valid
    assert "a valid measurement has 1000000000" in result.reasons[0]


@pytest.mark.parametrize(("seconds", "runs"), [(0, 50), (-1, 50), (float("nan"), 50), (float("inf"), 50), (1, 0)])
def test_wrong_options_are_refused(models: Path, seconds: float, runs: int) -> None:
    with pytest.raises(InputError, match="more than 0"):
        benchmark(Model.load(models / "table.tflite"), seconds=seconds, runs=runs)
