"""Cold starts are fresh processes, and say what the page cache held."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from edgecomp_runtime.errors import MeasurementError
from edgecomp_runtime.measure.cold import measure_cold
from edgecomp_runtime.measure.page_cache import cached_share, drop_from_cache


def test_a_cold_start_has_its_parts(models: Path) -> None:
    shares: list[float] = []
    cold = measure_cold(str(models / "photo_int8.tflite"), starts=2, progress=shares.append)
    assert shares == [0.5, 1.0]
    assert cold.starts == 2
    assert min(cold.import_ms, cold.load_ms, cold.first_ms) > 0
    assert cold.answer_ms > max(cold.import_ms, cold.load_ms)
    assert cold.before_bytes is not None
    assert cold.peak_bytes is not None
    assert cold.load_peak_bytes is not None
    # This process, with TensorFlow in it, is far larger; none of that may be counted.
    assert 2**23 < cold.before_bytes < cold.load_peak_bytes <= cold.peak_bytes < 200 * 2**20
    assert cold.model_adds_bytes == pytest.approx(cold.peak_bytes - cold.before_bytes, abs=2**20)
    assert cold.arena_bytes is not None
    assert cold.arena_bytes % 64 == 0


def test_bundles_start_cold_too(write_bundle: Callable[..., Path]) -> None:
    assert measure_cold(str(write_bundle())).arena_bytes is not None


def test_what_lies_in_the_folder_one_is_in_does_not_get_in_the_way(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('the wrong numpy')\n")
    (tmp_path / "model.tflite").write_bytes((models / "table.tflite").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert measure_cold("model.tflite").answer_ms > 0


def test_what_does_not_come_to_an_answer_says_why(models: Path, tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="there is no such file"):
        measure_cold(str(tmp_path / "none.tflite"))
    with pytest.raises(MeasurementError, match="engine 'onnx' is not one of"):
        measure_cold(str(models / "table.tflite"), engine="onnx")


def test_where_no_process_can_be_started_that_is_said(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(MeasurementError, match="no fresh process could be started"):
        measure_cold(str(models / "table.tflite"))


def test_a_process_that_is_killed_is_reported_by_its_signal(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nkill -SEGV $$\n")
    script.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(script))
    with pytest.raises(MeasurementError, match="killed by SIGSEGV"):
        measure_cold(str(models / "table.tflite"))


def test_the_page_cache_is_asked_and_can_be_emptied_of_one_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(2**20))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "part").write_bytes(b"part")
    held = cached_share(file)
    if held is None:
        pytest.skip("this system does not say what its page cache holds")
    assert held == 1.0
    assert cached_share(tmp_path / "folder") == 1.0
    assert drop_from_cache(file)
    left = cached_share(file)
    if left == held:
        pytest.skip("this file system keeps its files in memory")
    assert left is not None
    assert left < 0.1
    assert cached_share(tmp_path / "folder") == 1.0


def test_what_cannot_be_known_of_the_page_cache_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert cached_share(tmp_path / "empty") is None
    assert cached_share(tmp_path / "none") is None
    assert not drop_from_cache(tmp_path / "none")
