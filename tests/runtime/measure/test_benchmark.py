"""A measurement says what was measured, and whether it counts: with real models, and what really disturbs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime import InputError, Model
from edgecomp_runtime.measure.benchmark import benchmark
from edgecomp_runtime.measure.plan import BRIEF, QUICK, sustained
from edgecomp_runtime.measure.probe import Probe
from edgecomp_runtime.measure.result import BenchResult

TINY = BRIEF.changed(seconds=0.05)
FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"


def _starts(result: BenchResult) -> set[str]:
    return {reason.split(":")[0] for reason in result.reasons}


@pytest.mark.parametrize("name", ["photo_int8", "two", "ids"])
def test_a_model_is_measured(models: Path, name: str) -> None:
    shares: list[float] = []
    result = benchmark(Model.load(models / f"{name}.tflite"), BRIEF.changed(runs=60), progress=shares.append)
    assert result.latency_ms.runs >= 60
    assert result.seconds >= 0.2
    assert result.warm_up_runs >= 5
    assert result.first_ms is not None
    assert result.first_ms > 0
    assert result.load_ms > 0
    assert 0 < result.latency_ms.least <= result.latency_ms.p50
    assert result.peak_memory_bytes is not None
    assert 2**24 < result.peak_memory_bytes < 2**36
    assert result.engine.name == "ai_edge_litert"
    assert result.throughput_per_second > 0
    assert len(result.windows) == len(result.samples) == 5
    assert sum(window.runs for window in result.windows) == result.latency_ms.runs
    assert all(0 <= share <= 1 for share in shares)
    assert result.valid is (not result.reasons)
    assert result.device.cpus >= 1


def test_the_json_has_everything_but_the_single_times(models: Path) -> None:
    result = benchmark(Model.load(models / "table.tflite"), TINY, cpus=frozenset({1, 0}))
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data["engine"]["threads"] == 1
    assert set(data["latency_ms"]["intervals"]["p50"]) == {"low", "high", "confidence"}
    assert len(data["windows"]) == 5
    assert data["cpus"] == [0, 1]
    assert (data["mode"], data["cold"]) == ("brief", None)
    assert "samples" not in data
    # What earlier versions had is still there.
    assert {"valid", "reasons", "load_ms", "first_ms", "warm_up_runs", "seconds", "peak_memory_bytes", "machine"} < set(
        data
    )


def test_the_text_has_the_verdict_and_what_is_missing(models: Path, tmp_path: Path) -> None:
    text = str(benchmark(Model.load(models / "table.tflite"), TINY, probe=Probe(tmp_path, run=lambda _: None)))
    assert "p50" in text
    assert "verdict  VALID" in text or "verdict  INVALID: " in text
    assert "no data  temperature, clock rate, governor, throttling, load by others, swap: not available here" in text


def test_the_first_inference_is_not_made_up(models: Path) -> None:
    model = Model.load(models / "table.tflite")
    model.run(np.zeros(5, np.float32))
    result = benchmark(model, TINY)
    assert result.first_ms is None
    assert "not measured" in str(result)


def test_a_measurement_that_cannot_have_its_runs_ends_and_says_so(models: Path) -> None:
    result = benchmark(Model.load(models / "photo_int8.tflite"), BRIEF.changed(seconds=0.005, runs=10**9))
    assert not result.valid
    assert "too few queries" in _starts(result)
    assert result.latency_ms.p99 is None or result.latency_ms.runs >= 1000


def test_on_a_quiet_machine_it_is_valid(models: Path) -> None:
    for _ in range(3):
        result = benchmark(Model.load(models / "photo_int8.tflite"), QUICK.changed(seconds=1.0))
        if result.valid:
            return
    assert _starts(result) <= {"noisy neighbour", "not steady", "too few queries", "swap in use", "frequency drift"}
    pytest.skip(f"this machine is not quiet: {result.reasons[0]}")


def test_a_cpu_hog_that_starts_mid_run_makes_it_invalid(models: Path) -> None:
    hogs: list[subprocess.Popen[bytes]] = []

    def start_late(share: float) -> None:
        if share > 0.4 and not hogs:
            hogs.append(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            while _cpu_seconds(hogs[0].pid) < 1:
                pass  # to sleep would be to have no CPU, which is another reason

    try:
        result = benchmark(Model.load(models / "photo_int8.tflite"), QUICK.changed(seconds=2.0), progress=start_late)
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert hogs
    if "load by others" in result.not_available:
        pytest.skip("this system does not count its CPUs' time")
    assert not result.valid
    assert any(reason.startswith("noisy neighbour: other programs kept ") for reason in result.reasons)


def _cpu_seconds(process: int) -> float:
    """What a process has had of the CPUs."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_a_board_that_throttles_makes_it_invalid(models: Path, tmp_path: Path) -> None:
    (tmp_path / FIRMWARE).parent.mkdir(parents=True)
    (tmp_path / FIRMWARE).write_text("0\n")
    model = Model.load(models / "photo_int8.tflite")

    def heat(share: float) -> None:
        if share > 0.3:
            (tmp_path / FIRMWARE).write_text("40004\n")  # throttled, now and since the start

    plan = BRIEF.changed(seconds=1.5)
    hot = benchmark(model, plan, probe=Probe(tmp_path), progress=heat)
    assert "throttled" in _starts(hot)
    assert any(window.throttled == ("throttled",) for window in hot.windows)
    assert hot.windows[0].throttled == ()
    shown = benchmark(model, replace(sustained(1), seconds=0.1, valid_seconds=0.1, windows=5), probe=Probe(tmp_path))
    assert "throttled" not in _starts(shown)
    assert any(note.startswith("throttled") for note in shown.notes)


def test_a_denied_delegate_makes_it_invalid(models: Path) -> None:
    path = models / "photo_float.tflite"
    plain = Model.load(path, delegate=False)
    assert "another delegate" in _starts(benchmark(plain, TINY, asked="xnnpack"))
    assert "another delegate" not in _starts(benchmark(plain, TINY, asked="none"))
    assert "another delegate" in _starts(benchmark(Model.load(path), TINY, asked="none"))
    # Nobody has denied it here: it was loaded, has no kernel for the model, and says nothing.
    assert "another delegate" in _starts(benchmark(Model.load(models / "lookup.tflite"), TINY, asked="xnnpack"))


def test_a_bundle_is_to_run_on_the_delegate_it_was_verified_with(write_bundle: Callable[..., Path]) -> None:
    bundle = write_bundle()
    assert "another delegate" in _starts(benchmark(Model.load(bundle, delegate=False), TINY))
    assert "another delegate" not in _starts(benchmark(Model.load(bundle, delegate=False), TINY, asked="none"))
    assert "another delegate" not in _starts(benchmark(Model.load(bundle), TINY))


@pytest.mark.parametrize("changes", [{"seconds": 0}, {"seconds": float("nan")}, {"runs": 0}])
def test_wrong_options_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InputError, match="more than 0"):
        BRIEF.changed(**changes)  # type: ignore[arg-type]
