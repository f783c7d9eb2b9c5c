"""Results are kept whole or not at all, with the single times beside them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime import InputError, Model
from edgecomp_runtime.measure.benchmark import benchmark
from edgecomp_runtime.measure.plan import BRIEF
from edgecomp_runtime.measure.result import BenchResult
from edgecomp_runtime.measure.save import require_free, samples_path, save


@pytest.fixture(scope="module")
def result(models: Path) -> BenchResult:
    return benchmark(Model.load(models / "table.tflite"), BRIEF.changed(seconds=0.05))


def test_single_times_lie_compressed_beside_the_summary(tmp_path: Path, result: BenchResult) -> None:
    out = tmp_path / "a.json"
    save(out, result.to_dict(), [result, result])
    data = json.loads(out.read_text())
    samples = tmp_path / data["samples"]["file"]
    assert samples.name == "a.samples.npz"
    assert hashlib.sha256(samples.read_bytes()).hexdigest() == data["samples"]["sha256"]
    with np.load(samples) as arrays:
        assert set(arrays) == {"times_ms_0", "windows_0", "times_ms_1", "windows_1"}
        times, windows = arrays["times_ms_1"], arrays["windows_1"]
    assert windows.sum() == len(times)
    parts = np.split(times, np.cumsum(windows)[:-1])
    assert np.median([np.median(part) for part in parts]) == pytest.approx(data["latency_ms"]["p50"], rel=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.samples.npz"]


def test_other_endings_keep_their_names() -> None:
    assert samples_path(Path("x/pi5.bench")) == Path("x/pi5.bench.samples.npz")


def test_what_could_not_be_written_is_refused_before_measuring(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there or cannot be written to"):
        require_free(tmp_path / "none" / "a.json", force=False)
    with pytest.raises(InputError, match="is a folder"):
        require_free(tmp_path, force=True)
    (tmp_path / "a.samples.npz").touch()
    with pytest.raises(InputError, match=r"a\.samples\.npz: is there already; --force"):
        require_free(tmp_path / "a.json", force=False)
    require_free(tmp_path / "a.json", force=True)
    require_free(tmp_path / "b.json", force=False)


@pytest.mark.parametrize("failing", [1, 2])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, result: BenchResult, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    out = tmp_path / "a.json"
    out.write_text("old")
    samples_path(out).write_text("old")
    real, calls = os.fsync, 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        save(out, result.to_dict(), [result])
    assert out.read_text() == "old"
    assert (samples_path(out).read_bytes() == b"old") is (failing == 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.samples.npz"]
