"""The device package's own wheel in real ARM userlands: it verifies a bundle there, runs it, and reports a crash."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import Model

from edgecomp.bundle.runtime_wheel import runtime_wheel
from edgecomp.emulate.run import Job

from .conftest import RUNTIMES

pytestmark = pytest.mark.slow

BOARDS = {
    "arm64-litert": ("cortex-a53", "ai_edge_litert"),
    "arm64-tflite-runtime": ("cortex-a72", "tflite_runtime"),
    "armhf-tflite-runtime": ("cortex-a7", "tflite_runtime"),
}


@dataclass(frozen=True)
class Board:
    """An emulated system with the wheel installed."""

    command: tuple[str, ...]
    environment: dict[str, str]
    engine: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self.command, "-m", "edgecomp_runtime", *arguments, "--engine", self.engine]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment, timeout=600)


@pytest.fixture(scope="module", params=BOARDS)
def board(request: Any, system: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Board:
    cpu, engine = BOARDS[request.param]
    there, folder = system(cpu), tmp_path_factory.mktemp("wheel")
    name, content = runtime_wheel()
    (folder / name).write_bytes(content)
    packages = [folder / "packages"]
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*install, "--target", packages[0], folder / name], check=True)
    if request.param == "arm64-tflite-runtime":
        packages.append(RUNTIMES / request.param)
        if not packages[1].is_dir():
            pytest.skip(f"{packages[1]} is absent; scripts/other_runtimes.sh makes it")
    return Board(tuple(map(str, there.python())), there.environment(*packages), engine)


def test_the_wheel_verifies_and_runs_a_bundle(board: Board, bundle: Path, jobs: dict[str, Job], tmp_path: Path) -> None:
    verified = board.run("verify", str(bundle), "--json")
    assert verified.returncode == 0, verified.stderr
    found = json.loads(verified.stdout)
    assert (found["passed"], found["samples"], found["engine"]["name"]) == (True, 32, board.engine)
    assert found["exact"] is (board.engine == "ai_edge_litert")

    model = Model.load(bundle)
    photos = np.stack([model.inputs[0].decode(one[0]) for one in jobs["convolutions-int8"].inputs[0][:6]])
    np.savez(tmp_path / "set.npz", x=photos, y=[model.classify(one, 1)[0].index for one in photos])
    ran = board.run("run", str(bundle), str(tmp_path / "set.npz"), "--json")
    assert ran.returncode == 0, ran.stderr
    scores = [{one["index"]: one["score"] for one in row["classes"]} for row in json.loads(ran.stdout)["results"]]
    wanted = [{one.index: one.score for one in model.classify(photo)} for photo in photos]
    if found["exact"]:
        assert scores == wanted
    else:
        step = model.outputs[0].scale
        both = [
            (row[index], score)
            for row, right in zip(scores, wanted, strict=True)
            for index, score in right.items()
            if index in row
        ]
        assert all(abs(one - other) <= 4.5 * step for one, other in both)

    evaluated = board.run("evaluate", str(bundle), str(tmp_path / "set.npz"), "--against", str(bundle), "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    counts = json.loads(evaluated.stdout)
    assert (counts["n"], counts["agreement"]) == (6, 1.0)
    if found["exact"]:
        assert counts["metric"]["value"] == 1.0


def test_frames_from_a_pipe_are_answered(board: Board, bundle: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    command = [*board.command, "-m", "edgecomp_runtime", "run", str(bundle), "-", "--frame", "20x20x3", "--json-lines"]
    ended = subprocess.run(
        [*command, "--engine", board.engine],
        input=frames.tobytes(),
        capture_output=True,
        check=False,
        env=board.environment,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line)["frame"] for line in ended.stdout.splitlines()] == [0, 1, 2]


def test_a_crash_of_native_code_is_told_under_emulation_too(board: Board, bundle: Path, tmp_path: Path) -> None:
    engine = tmp_path / "tensorflow/lite/python/interpreter.py"
    engine.parent.mkdir(parents=True)
    engine.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    environment = {**board.environment, "PYTHONPATH": f"{tmp_path}:{board.environment['PYTHONPATH']}"}
    dying = Board(board.command, environment, "tensorflow")
    ended = dying.run("verify", str(bundle))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "crashed (SIGILL) while it was imported" in ended.stderr
