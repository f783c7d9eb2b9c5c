"""`edgecomp export c`: files appear together or not at all, and never over somebody's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.bundle import BundleContents, Goldens, pack_bundle
from edgecomp.c_export import Source, plan_c_export
from edgecomp.quantize.litert.apply import quantize
from edgecomp.targets import load_target
from edgecomp.tflite import read_tflite

from ...browser.phone_bundles import convolution, write_bundle

Run = Callable[..., Any]


@pytest.fixture
def model(network: Callable[[str], Any], tmp_path: Path) -> Path:
    path = tmp_path / "rows.tflite"
    path.write_bytes(network("dense").file)
    return path


def test_three_files_are_written(model: Path, tmp_path: Path, edgecomp: Run) -> None:
    ended = edgecomp("export", "c", model, "--out", tmp_path / "a" / "src")
    assert (ended.code, ended.stderr) == (0, "")
    names = ["rows_example_main.cc", "rows_model.c", "rows_model.h"]
    assert sorted(path.name for path in (tmp_path / "a" / "src").iterdir()) == names
    assert all(name in ended.stdout for name in names)
    assert f"{model.stat().st_size:,} bytes of flash" in ended.stdout


def test_the_same_model_gives_the_same_files(model: Path, tmp_path: Path, edgecomp: Run) -> None:
    for name in ("one", "two"):
        assert edgecomp("export", "c", model, "--out", tmp_path / name, "--name", "Net 7").code == 0
    for path in (tmp_path / "one").iterdir():
        assert path.name.startswith("net_7_")
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_folder_that_is_not_empty_is_replaced_by_force_alone(model: Path, tmp_path: Path, edgecomp: Run) -> None:
    out = tmp_path / "src"
    out.mkdir()
    (out / "mine.c").write_text("int x;")
    ended = edgecomp("export", "c", model, "--out", out)
    assert ended.code == 2
    assert "--force" in ended.stderr
    assert [path.name for path in out.iterdir()] == ["mine.c"]
    assert edgecomp("export", "c", model, "--out", out, "--force").code == 0
    assert (out / "rows_model.c").exists()


def test_a_write_that_fails_leaves_nothing(
    model: Path, tmp_path: Path, edgecomp: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def full_disk(path: Path, *given: Any, **options: Any) -> int:
        if path.suffix == ".c":
            raise OSError(28, "No space left on device")
        return write(path, *given, **options)

    monkeypatch.setattr(Path, "write_text", full_disk)
    ended = edgecomp("export", "c", model, "--out", tmp_path / "src")
    assert ended.code == 2
    assert "No space left" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rows.tflite"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no model"), (b"hello, world", "neither a .tflite"), (b"\x1c\0\0\0TFL3\0\0", "damaged")],
)
def test_what_is_no_model_is_refused(content: bytes | None, said: str, tmp_path: Path, edgecomp: Run) -> None:
    path = tmp_path / "x.tflite"
    if content is not None:
        path.write_bytes(content)
    ended = edgecomp("export", "c", path, "--out", tmp_path / "src")
    assert (ended.code, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert not (tmp_path / "src").exists()


def test_another_kind_of_device_is_refused(model: Path, tmp_path: Path, edgecomp: Run) -> None:
    ended = edgecomp("export", "c", model, "--out", tmp_path / "src", "--target", "browser")
    assert ended.code == 2
    assert "browser is no microcontroller" in ended.stderr


@pytest.mark.parametrize(("target", "limits"), [("esp32-s3", "esp32-s3"), ("raspberry-pi-4b", None), ("gone", None)])
def test_a_bundle_brings_its_constants_and_its_microcontroller(
    target: str, limits: str | None, network: Callable[[str], Any], tmp_path: Path, edgecomp: Run
) -> None:
    net = network("conv")
    ranges = {one.name: (-1.0, 2.0) for one in read_tflite(net.file).main.tensors if not one.is_constant}
    model = quantize(net.file, scheme="int8", io="int8", ranges=ranges)
    goldens = Goldens((np.zeros((1, 16, 16, 3), np.int8),), (np.zeros((1, 5), np.int8),), tolerance_steps=4)
    contents = BundleContents("Net", target, "int8", "int8", model, net.contract, goldens, {}, {})
    (tmp_path / "bundle.zip").write_bytes(pack_bundle(contents))
    assert edgecomp("export", "c", tmp_path / "bundle.zip", "--out", tmp_path / "src").code == 0
    plan = plan_c_export(Source("Net", model, net.contract), target=load_target(limits) if limits else None)
    assert f"#define NET_ARENA_BYTES {plan.arena_bytes}u" in (tmp_path / "src" / "net_model.h").read_text()


def test_the_interpreter_that_looks_at_a_bundle_says_nothing_of_itself(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle.zip", convolution(int8_edges=True))
    command = [sys.executable, "-m", "edgecomp.cli.main", "export", "android", bundle, "--out", tmp_path / "app"]
    ended = subprocess.run(command, capture_output=True, text=True)  # it speaks once in a process
    assert (ended.returncode, ended.stderr) == (0, "")
