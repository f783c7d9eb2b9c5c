"""The wheel installs and works in every Python that the device package is for, as far as this machine has them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.cli import main
from PIL import Image

from edgecomp.bundle.runtime_wheel import runtime_wheel

pytestmark = pytest.mark.slow

PYTHONS = Path(__file__).parents[2] / "build/runtimes/pythons"
VERSIONS = ("3.9", "3.10", "3.12", "3.13")


class Other:
    """Another Python with the wheel installed."""

    def __init__(self, python: Path, packages: Path) -> None:
        self._python, self._packages = python, packages

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(self._packages)}
        command = [str(self._python), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "edgecomp_runtime", *arguments)


@pytest.fixture(scope="module", params=VERSIONS)
def other(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Other:
    python = PYTHONS / f"python{request.param}/bin/python"
    if not python.exists():
        pytest.skip(f"{python.parents[1]} is absent; scripts/other_runtimes.sh makes it where there is such a Python")
    folder = tmp_path_factory.mktemp("wheel")
    name, content = runtime_wheel()
    (folder / name).write_bytes(content)
    packages = folder / "packages"
    install = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(packages)]
    subprocess.run([python, *install, str(folder / name)], check=True)
    return Other(python, packages)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Arrays of just the right size, for which no Pillow is needed, with labels."""
    random = np.random.default_rng(4)
    x = random.integers(0, 256, (12, 12, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "set.npz", x=x, y=random.integers(0, 4, 12))
    return tmp_path / "set.npz"


def test_every_module_can_be_imported(other: Other) -> None:
    code = (
        "import importlib, pkgutil, edgecomp_runtime as package\n"
        "names = [one.name for one in pkgutil.walk_packages(package.__path__, 'edgecomp_runtime.')]\n"
        "[importlib.import_module(name) for name in names if not name.endswith('__main__')]\n"
        "print(len(names))"
    )
    ended = other.run("-W", "error", "-c", code)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 40


def test_a_bundle_is_verified_run_and_evaluated_as_here(
    other: Other, write_bundle: Callable[..., Path], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = str(write_bundle())
    verified = other.command("verify", bundle, "--json")
    assert verified.returncode == 0, verified.stderr
    exact = json.loads(verified.stdout)["engine"]["name"] == "ai_edge_litert"
    assert json.loads(verified.stdout)["exact"] is exact
    for arguments in (["run", bundle, str(data), "--json"], ["evaluate", bundle, str(data), "--json"]):
        there = other.command(*arguments)
        assert there.returncode == 0, there.stderr
        assert main(arguments) == 0
        found, wanted = json.loads(there.stdout), json.loads(capsys.readouterr().out)
        if exact:
            found.pop("engine", None), wanted.pop("engine", None)
            assert found == wanted
        elif "results" in found:
            for ours, theirs in zip(wanted["results"], found["results"], strict=True):
                assert ours["classes"][0]["score"] == pytest.approx(theirs["classes"][0]["score"], abs=0.03)
        else:
            assert found["n"] == wanted["n"]


def test_a_photo_is_answered_or_the_missing_pillow_named(
    other: Other, write_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    Image.new("RGB", (40, 30), (200, 30, 30)).save(tmp_path / "red.png")
    ended = other.command("run", str(write_bundle()), str(tmp_path / "red.png"))
    if other.run("-c", "import PIL").returncode == 0:
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith(str(tmp_path / "red.png"))
    else:
        assert ended.returncode == 2
        assert "needs Pillow" in ended.stderr


def test_a_stream_and_the_doctor_work(other: Other, models: Path) -> None:
    code = (
        "import sys, numpy as np\n"
        "from edgecomp_runtime import Model\n"
        "model = Model.load(sys.argv[1])\n"
        "frames = (np.full(5, number, np.float32) for number in range(500))\n"
        "answers = list(model.stream(frames, drop=True))\n"
        "assert len(answers) + sum(one.dropped for one in answers) == 500\n"
        "assert answers[-1].number == 499 and answers[-1].prediction[0].score\n"
    )
    ended = other.run("-c", code, str(models / "table.tflite"))
    assert ended.returncode == 0, ended.stderr
    assert other.command("doctor").returncode == 0
