"""`edgecomp profile --on emulate:CPU` on real ARM wheels: counts repeat, operators add up, goldens hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgecomp.bundle import BundleContents, Goldens, pack_bundle
from edgecomp.cli.profile import command
from edgecomp.emulate import EmulationError, count_instructions, count_operators
from edgecomp.emulate.run import Job, run_emulated

from .conftest import RUNTIMES

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECOMP_CACHE", str(RUNTIMES))


@pytest.mark.parametrize("cpu", ["cortex-a53", "cortex-a7"])
def test_counts_are_identical_in_repeated_runs(cpu: str, system: Callable[[str], Any], files: dict[str, bytes]) -> None:
    system(cpu)
    chosen = {name: files[name] for name in ("separable-int8", "autoencoder-int8")}
    first, second = (count_instructions(chosen, cpu) for _ in range(2))
    assert first == second
    assert all(one.valid for one in first.values())
    assert first["separable-int8"].instructions > first["autoencoder-int8"].instructions > 1000


def test_dot_product_instructions_need_fewer(system: Callable[[str], Any], files: dict[str, bytes]) -> None:
    system("cortex-a53")
    name = "convolutions-int8"
    small, large = (count_instructions({name: files[name]}, cpu)[name] for cpu in ("cortex-a53", "cortex-a76"))
    assert large.instructions < 0.8 * small.instructions
    assert large.partitions == small.partitions == 1


def test_operators_add_up_to_the_whole(system: Callable[[str], Any], files: dict[str, bytes]) -> None:
    file = files["separable-int8"]
    whole, operators = count_operators(file, system("cortex-a53"))
    assert sum(one.instructions for one in operators) == whole.instructions
    alone = count_instructions({"whole": file}, "cortex-a53")["whole"]
    assert whole.instructions == pytest.approx(alone.instructions, rel=1e-3)
    expansions = [one for one in operators if one.macs == max(other.macs for other in operators)]
    assert all(one.instructions > 0.05 * whole.instructions for one in expansions)


def test_a_file_that_an_older_interpreter_does_not_know_is_named(system: Callable[[str], Any]) -> None:
    with pytest.raises(EmulationError, match=r"^strange: the interpreter failed on an emulated cortex-a53: ValueError"):
        run_emulated({"strange": Job(b"\x1c\0\0\0TFL3" + bytes(64), (np.zeros((1, 1)),))}, system("cortex-a53"))


@pytest.mark.parametrize(("cpu", "exact"), [("cortex-a72", True), ("cortex-a7", False)])
def test_a_bundle_proves_itself_on_arm(cpu: str, exact: bool, system: Callable[[str], Any], bundle: Path) -> None:
    system(cpu)
    ended = CliRunner().invoke(command, [str(bundle), "--on", f"emulate:{cpu}", "--totals", "--json"])
    assert ended.exit_code == 0, ended.output
    found = json.loads(ended.stdout)
    assert found["verification"]["passed"]
    assert found["verification"]["samples"] == 32
    assert found["verification"]["exact"] == exact
    assert found["verification"]["max_steps"] <= (0 if exact else 4)
    assert found["instructions"] > 10_000


def test_wrong_goldens_are_found_on_arm(system: Callable[[str], Any], bundle: Path, tmp_path: Path) -> None:
    from edgecomp_runtime.bundle.read import read_bundle

    system("cortex-a53")
    read = read_bundle(bundle)
    assert read.goldens is not None
    outputs = tuple(np.where(one > 0, one - 1, one + 1) for one in read.goldens.outputs)
    goldens = Goldens(read.goldens.inputs, outputs, tolerance_steps=4)
    contents = BundleContents("net", "raspberry-pi-4b", "int8", "int8", read.model, read.contract, goldens, {}, {})
    (tmp_path / "wrong.zip").write_bytes(pack_bundle(contents))
    ended = CliRunner().invoke(command, [str(tmp_path / "wrong.zip"), "--on", "emulate:cortex-a53"])
    assert ended.exit_code == 1
    assert "golden samples" in str(ended.exception)
    assert "FAILED: 32 samples, outputs differ by up to 1 steps (no difference allowed)" in ended.stdout
    assert "CONV_2D" in ended.stdout
