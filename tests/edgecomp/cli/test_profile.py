"""`edgecomp profile --on`: which places it knows, and which options belong to which."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--on", "emulate:cortex-m4"), ("cortex-m4", "cortex-a53, cortex-a72")),
        (("--on", "emulate"), ("emulate:CPU",)),
        (("--on", "emulate:cortex-a53", "--seconds", "2"), ("--seconds",)),
        (("--on", "emulate:cortex-a53", "--threads", "2"), ("--threads",)),
        (("--totals",), ("--totals", "emulate:CPU")),
        (("--on", "emulate:cortex-a53"), ("none.tflite", "no such file")),
    ],
)
def test_what_does_not_fit_is_refused(options: tuple[str, ...], said: tuple[str, ...], edgecomp: Run) -> None:
    ended = edgecomp("profile", "none.tflite", *options)
    assert ended.code == 2
    assert ended.stdout == ""
    assert all(part in ended.stderr for part in said)


def test_emulation_wants_a_tflite_or_a_bundle(edgecomp: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    ended = edgecomp("profile", tmp_path / "notes.txt", "--on", "emulate:cortex-a53")
    assert ended.code == 2
    assert "neither a .tflite model nor a bundle" in ended.stderr


@pytest.mark.parametrize("by_operator", [False, True])
def test_an_interpreter_that_crashes_here_is_told_and_not_a_silent_end(by_operator: bool, tmp_path: Path) -> None:
    package = tmp_path / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    model = tmp_path / "model.tflite"
    model.write_bytes(bytes(4) + b"TFL3" + bytes(100))
    command = [sys.executable, "-m", "edgecomp.cli.main", "profile", str(model), *(["--by-op"] if by_operator else [])]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=180)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "crashed (SIGSEGV) while it was imported" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_measuring_here_goes_on_in_one_process_only(edgecomp: Run, tmp_path: Path) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)]
    ended = edgecomp("profile", tmp_path / "none.tflite")
    assert ended.code == 2
    assert ended.stderr.count("no such file") == 1
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)] == handlers
