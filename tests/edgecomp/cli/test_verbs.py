"""The verbs on good input: what they print and leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def converted(corners: Any, edgecomp: Run, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    ended = edgecomp(
        *("convert", corners.model, "--target", "raspberry-pi-4b", "--data", corners.data),
        *("--eval", corners.evaluation, "--max-drop", "1", "--out", out),
    )
    assert ended.code == 0, ended.stderr
    assert str(out) in ended.stdout.replace("\n", "")
    assert ended.stderr == ""
    return out


def test_convert_evaluate_inspect_and_profile(converted: Path, corners: Any, edgecomp: Run) -> None:
    report = json.loads((converted / "report.json").read_text())
    for name in ("bundle.zip", "model.tflite"):
        ended = edgecomp("evaluate", converted / name, "--data", corners.evaluation, "--json")
        assert ended.code == 0, ended.stderr
        assert json.loads(ended.stdout)["metric"] == report["compressed"]["metric"]
    ended = edgecomp("evaluate", converted / "bundle.zip", "--data", corners.evaluation, "--against", corners.model)
    assert ended.code == 0, ended.stderr
    assert "same answer as" in ended.stdout
    ended = edgecomp("inspect", converted / "model.tflite", "--target", "raspberry-pi-4b", "--json")
    assert ended.code == 0, ended.stderr
    assert json.loads(ended.stdout)["format"] == "tflite"
    ended = edgecomp("profile", converted / "bundle.zip", "--seconds", "0.1", "--json")
    assert ended.code in (0, 4), ended.stderr
    assert json.loads(ended.stdout)["latency_ms"]["p50"] > 0


def test_evaluate_exports_a_keras_model_first(corners: Any, edgecomp: Run) -> None:
    ended = edgecomp("evaluate", corners.model, "--data", corners.evaluation, "--json", "--limit", "20")
    assert ended.code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["n"] == 20
    assert found["metric"]["value"] > 0.9
    assert found["against"] is None


@pytest.mark.parametrize(
    ("options", "advice"), [((), "--scheme float16"), (("--cluster", "2"), "less of --cluster, or none")]
)
def test_a_missed_budget_ends_with_exit_code_3_and_what_would_lose_less(
    fragile: Any, edgecomp: Run, tmp_path: Path, options: tuple[str, ...], advice: str
) -> None:
    ended = edgecomp(
        *("convert", fragile.model, "--target", "raspberry-pi-4b", "--data", fragile.data),
        *("--eval", fragile.evaluation, "--max-drop", "1", "--out", tmp_path / "out", *options),
    )
    assert ended.code == 3
    assert ended.stderr.startswith("edgecomp: the accuracy budget cannot be met: ")
    assert f"Try {advice}" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.over-budget"]


def test_a_fault_of_our_own_says_so_and_debug_shows_where(
    corners: Any, edgecomp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("edgecomp.pipeline.convert.open_samples", fail)
    command = ("convert", corners.model, "--target", "raspberry-pi-4b", "--data", corners.data, "--out", tmp_path / "o")
    ended = edgecomp(*command)
    assert ended.code == 1
    assert "ZeroDivisionError: by zero" in ended.stderr
    assert "--debug" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Traceback" in edgecomp(*command, "--debug").stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_stopped_leaves_nothing(number: signal.Signals, corners: Any, tmp_path: Path) -> None:
    out, logs, code = tmp_path / "results" / "out", tmp_path / "logs", tmp_path / "code"
    logs.mkdir()
    code.mkdir()
    (code / "endless.py").write_text(
        "import time\nimport numpy as np\nfrom pathlib import Path\n"
        "def photos():\n    yield np.zeros((2, 8, 8, 1), np.float32)\n"
        "    Path(__file__).with_name('read').touch()\n    time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "edgecomp.cli.main", "convert", corners.model, "--target", "raspberry-pi-4b"),
            *("--data", "endless:photos", "--preprocess", "none", "--out", out),
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(logs), "PYTHONPATH": str(code)},
    )
    deadline = time.monotonic() + 120
    while not ((code / "read").exists() and out.parent.exists()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert stderr.strip() == "edgecomp: interrupted; nothing was written"
    assert {path.name for path in tmp_path.iterdir()} == {"logs", "code"}
    assert not list(logs.glob("edgecomp-*"))


@pytest.mark.slow
def test_the_installed_command_works_from_any_folder(corners: Any, tmp_path: Path) -> None:
    """With files around that would shadow modules, if the current folder were on the path."""
    for name in ("numpy", "keras", "json", "random"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)\n")
    run = subprocess.run(
        [
            *(Path(sys.executable).parent / "edgecomp", "convert", corners.model, "--target", "raspberry-pi-4b"),
            *("--data", corners.data, "--out", "out"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert (tmp_path / "out" / "bundle.zip").is_file()
