"""The doctor answers everywhere, most of all where nothing is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from edgecomp_runtime.doctor import diagnose
from edgecomp_runtime.machine import Machine

RUNTIME = Path(__file__).parents[2] / "runtime"


def test_here_models_run() -> None:
    found = diagnose()
    assert found.healthy
    assert found.numpy is not None
    by_name = {one.package: one for one in found.interpreters}
    assert by_name["ai-edge-litert"].works
    assert "models run      yes" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["machine"]["bits"] in (32, 64)


def test_it_works_without_numpy_and_names_the_command() -> None:
    # -I -S: no site-packages at all, as on a fresh board.
    code = f"import sys; sys.path.insert(0, {str(RUNTIME)!r}); from edgecomp_runtime.cli import main; sys.exit(main())"
    command = [sys.executable, "-I", "-S", "-c", code, "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == ""
    assert "numpy           not installed" in done.stdout
    assert "models run      no" in done.stdout
    found = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=False).stdout)
    assert found["healthy"] is False
    assert found["advice"]


def test_other_commands_point_to_the_doctor_without_numpy(models: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(RUNTIME)!r}); from edgecomp_runtime.cli import main; sys.exit(main())"
    command = [sys.executable, "-I", "-S", "-c", code, "bench", str(models / "table.tflite")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "numpy is not installed" in done.stderr
    assert "doctor" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_32_bit_system_on_a_64_bit_kernel_gets_a_hint() -> None:
    found = diagnose(Machine("Linux", "armv7l", "aarch64", (3, 11), "cpython", "glibc", (2, 36)))
    assert any("32-bit system on a aarch64 kernel" in line for line in found.advice)
    assert found.installable == ("tflite-runtime 2.14.0", "tflite-runtime 2.13.0")
