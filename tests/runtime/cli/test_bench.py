"""`edgecomp-runtime bench`: modes, sweeps, what is kept, and exit code 4 for what does not count."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import engines
from edgecomp_runtime.cli import main
from edgecomp_runtime.measure.cold import ColdStart, measure_cold

Bench = Callable[..., tuple[int, Any, str]]


@pytest.fixture(scope="module")
def cold_once() -> Callable[..., ColdStart]:
    """`measure_cold`, which starts a Python each time, but for the same file in the same way only once."""
    known: dict[Any, ColdStart] = {}

    def measure(source: str, *, progress: Callable[[float], None], **options: Any) -> ColdStart:
        key = (sys.executable, source, *sorted(options.items()))
        if key not in known:
            known[key] = measure_cold(source, progress=progress, **options)
        return known[key]

    return measure


@pytest.fixture
def bench(
    models: Path,
    cold_once: Callable[..., ColdStart],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    """Runs `bench MODEL --json` for a moment: exit code, what was printed, and stderr."""
    monkeypatch.setattr("edgecomp_runtime.measure.session.measure_cold", cold_once)

    def run(*options: str, model: str | Path = "photo_int8.tflite") -> tuple[int, Any, str]:
        code = main(["bench", str(models / model), "--json", *options])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return run


def test_a_quick_run_has_a_cold_start_and_five_windows(bench: Bench) -> None:
    code, data, err = bench("--seconds", "0.1")
    assert code == (0 if data["valid"] else 4)
    assert (err == "") is data["valid"]
    assert data["mode"] == "quick"
    assert data["cold"]["starts"] == 1
    assert data["cold"]["answer_ms"] > 0
    assert len(data["windows"]) == 5


def test_a_result_says_which_model_it_is_of_also_out_of_a_bundle(
    bench: Bench, models: Path, write_bundle: Callable[..., Path]
) -> None:
    wanted = hashlib.sha256((models / "photo_int8.tflite").read_bytes()).hexdigest()
    for model in ("photo_int8.tflite", write_bundle()):
        _, data, _ = bench("--seconds", "0.01", model=model)
        assert data["model_sha256"] == wanted


def test_less_than_a_mode_demands_is_not_valid(bench: Bench) -> None:
    code, data, err = bench("--mode", "standard", "--seconds", "0.1")
    assert code == 4
    assert data["valid"] is False
    assert data["cold"]["starts"] == 3
    assert any(reason.startswith("too short: ") for reason in data["reasons"])
    assert "of the 50 s that mode standard demands" in err


def test_more_runs_than_can_be_had_are_not_valid_and_a_rest_comes_first(bench: Bench) -> None:
    start = time.monotonic()
    code, data, _ = bench("--seconds", "0.001", "--runs", "1000000", "--cool-down", "0.3")
    assert time.monotonic() - start > 0.3
    assert code == 4
    assert any(reason.startswith("too few queries") for reason in data["reasons"])


def test_a_sustained_run_shows_its_curve(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["bench", str(models / "table.tflite"), "--minutes", "0.005"])
    out = capsys.readouterr().out.splitlines()
    start = next(place for place, line in enumerate(out) if line.startswith("curve"))
    assert all(line.split()[1].replace(".", "").isdigit() for line in out[start + 1 : start + 6])


def test_threads_are_swept(bench: Bench) -> None:
    _, data, _ = bench("--seconds", "0.05", "--threads", "1,2,1")
    assert [one["engine"]["threads"] for one in data["sweep"]] == [1, 2]
    assert data["skipped"] == {}


def test_engines_are_swept_and_those_that_are_not_here_named(
    bench: Bench, models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # TensorFlow is one, too, and takes seconds to import.
    monkeypatch.setattr("edgecomp_runtime.measure.session.ENGINES", ("ai_edge_litert", "tflite_runtime"))
    _, data, _ = bench("--seconds", "0.05", "--engine", "all")
    measured = [one["engine"]["name"] for one in data["sweep"]]
    assert "ai_edge_litert" in measured
    assert sorted([*measured, *data["skipped"]]) == ["ai_edge_litert", "tflite_runtime"]
    main(["bench", str(models / "table.tflite"), "--seconds", "0.05", "--threads", "1,2"])
    assert "engine            threads" in capsys.readouterr().out


def test_an_engine_that_cannot_open_the_model_does_not_cost_the_others_results(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "older_interpreter.py").write_text(
        "from enum import Enum\nOpResolverType = Enum('OpResolverType', 'AUTO BUILTIN_WITHOUT_DEFAULT_DELEGATES')\n"
        "def Interpreter(**_): raise ValueError('Op builtin_code out of range: 200')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(engines._MODULES, "tflite_runtime", "older_interpreter")
    monkeypatch.setattr("edgecomp_runtime.measure.session.ENGINES", ("tflite_runtime", "ai_edge_litert"))
    _, data, _ = bench("--seconds", "0.05", "--engine", "all")
    assert [one["engine"]["name"] for one in data["sweep"]] == ["ai_edge_litert"]
    assert "Op builtin_code out of range" in data["skipped"]["tflite_runtime, 1 thread(s)"]
    code, data, err = bench("--engine", "all", model="none.tflite")
    assert (code, data) == (2, None)
    assert "there is no such file" in err


def test_a_board_that_says_it_is_throttled_is_not_valid(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text('#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x50005\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr("edgecomp_runtime.measure.probe.PROGRAM_SECONDS", 60)
    code, data, err = bench("--seconds", "0.05")
    assert code == 4
    assert "throttled: the board reports throttled, under-voltage" in err
    assert {tuple(window["throttled"]) for window in data["windows"]} == {("throttled", "under-voltage")}


def test_a_delegate_that_does_not_run_the_model_is_not_valid(bench: Bench) -> None:
    code, data, err = bench("--seconds", "0.05", "--delegate", "xnnpack", model="lookup.tflite")
    assert code == 4
    assert data["reasons"][0].startswith("another delegate")
    assert "another delegate" in err
    _, data, _ = bench("--seconds", "0.05", "--delegate", "none")
    assert data["engine"]["xnnpack"] is False


def test_it_runs_where_it_is_bound_to(bench: Bench) -> None:
    _, data, _ = bench("--seconds", "0.05", "--cpus", "0")
    assert data["cpus"] == [0]


def test_results_are_kept_and_not_replaced_unasked(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    _, data, _ = bench("--seconds", "0.05", "--out", str(out))
    kept = json.loads(out.read_text())
    with np.load(tmp_path / kept.pop("samples")["file"]) as arrays:
        assert len(arrays["windows_0"]) == 5
    assert kept == data
    code, data, err = bench("--seconds", "0.05", "--out", str(out))
    assert (code, data) == (2, None)
    assert "--force replaces it" in err
    assert bench("--seconds", "0.05", "--out", str(out), "--force")[0] in (0, 4)


def test_a_bad_file_does_not_wait_for_the_rest(bench: Bench) -> None:
    code, _, err = bench("--mode", "full", model="none.tflite")
    assert code == 2
    assert "there is no such file" in err


def test_where_no_process_can_be_started_the_rest_is_measured(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    _, data, _ = bench("--seconds", "0.05")
    assert data["cold"] is None
    assert any(note.startswith("cold start not measured") for note in data["notes"])


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--threads", "1,0"), "--threads 1,0 is not"),
        (("--threads", "two"), "--threads two is not"),
        (("--minutes", "0"), "minutes is 0"),
        (("--minutes", "1", "--mode", "full"), "leave out --mode"),
        (("--minutes", "1", "--seconds", "3"), "leave out --mode"),
        (("--cool-down", "-1"), "cool-down"),
        (("--runs", "0"), "runs is 0"),
        (("--cpus", "x"), "neither numbers"),
        (("--out", "/nowhere/a.json"), "cannot be written to"),
    ],
)
def test_what_cannot_be_done_is_refused_first(bench: Bench, options: tuple[str, ...], part: str) -> None:
    code, data, err = bench(*options)
    assert (code, data) == (2, None)
    assert part in err
    assert err.count("\n") == 1
