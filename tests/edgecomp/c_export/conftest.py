"""Models to export, and gcc."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.c_export import Source
from edgecomp.models.opened import TensorSpec
from edgecomp.quantize.litert.apply import quantize
from edgecomp.tflite import read_tflite

LABELS = ("cat", 'a "dog"', "Käse??/", "back\\slash", "tab\tand 1")
Build = Callable[[Path, Mapping[str, str], str], str]


@pytest.fixture(scope="session")
def photos(network: Callable[[str], Any]) -> Source:
    """An int8 classifier of photos, as a bundle says it."""
    net = network("conv")
    graph = read_tflite(net.file).main
    ranges = {tensor.name: (-1.3, 2.7) for tensor in graph.tensors if not tensor.is_constant}
    model = quantize(net.file, scheme="int8", io="int8", ranges=ranges)
    contract = build_contract(
        parse_preprocess("imagenet-torch,fit=crop"),
        [TensorSpec("photo", (1, 16, 16, 3), "float32")],
        [TensorSpec("scores", (1, 5), "float32")],
        images=True,
        labels=LABELS,
    )
    return Source("My net: v2 (final)", model, contract, "cortex-m7")


@pytest.fixture(scope="session")
def rows(network: Callable[[str], Any]) -> Source:
    """A float model of rows of numbers, without a contract."""
    return Source("rows", network("dense").file)


@pytest.fixture(scope="session")
def two_inputs(network: Callable[[str], Any]) -> Source:
    net = network("two inputs")
    return Source("two", net.file, replace(net.contract, preprocess="none"))


@pytest.fixture(scope="session")
def build_and_run() -> Build:
    """Compiles the files in C99 or C++11 by their endings, links and runs them; gives what is printed."""
    if shutil.which("gcc") is None or shutil.which("g++") is None:
        pytest.skip("needs gcc and g++")

    def run(folder: Path, files: Mapping[str, str], include: str = "") -> str:
        folder.mkdir(exist_ok=True)
        objects = []
        for name, text in files.items():
            (folder / name).write_text(text, encoding="ascii")
        for name in files:
            if name.endswith(".h"):
                continue
            compiler = ["gcc", "-std=c99", "-pedantic"] if name.endswith(".c") else ["g++", "-std=c++11"]
            objects.append(f"{name}.o")
            flags = ["-Wall", "-Wextra", "-Werror", *(["-I", include] if include else [])]
            called([*compiler, *flags, "-c", name, "-o", objects[-1]], folder)
        called(["g++", *objects, "-o", "program", "-lm"], folder)
        return called([str(folder / "program")], folder)

    return run


def called(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
