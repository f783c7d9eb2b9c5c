"""A board without a network installs a bundle with one command, and answers its golden samples there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.bundle import BundleContents, Goldens, pack_bundle
from edgecomp.bundle.offline import parse_tags, plan_wheels
from edgecomp.cli.bundle import command
from edgecomp.emulate.cpus import find_cpu
from edgecomp.emulate.run import Job, Ran
from edgecomp.keys import new_key
from edgecomp.models.opened import TensorSpec
from edgecomp.tflite import with_signature

from .board import on_board
from .conftest import RUNTIMES

pytestmark = pytest.mark.slow

TAG = "cp311-aarch64"

On = Callable[[str, str, Path], tuple[int, str]]
# What dpkg knows of a system whose packages were not installed with it.
KNOWN = "Package: {}\nStatus: install ok installed\nMaintainer: x\nArchitecture: arm64\nVersion: {}\nDescription: x\n"


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> On:
    """Runs a command on a board with a CPU, which sees a folder as /files; gives the exit code and all it printed."""

    def run(name: str, command: str, files: Path) -> tuple[int, str]:
        cpu = find_cpu(name)
        system = RUNTIMES / f"board-{cpu.architecture}"
        if not system.is_dir():
            pytest.skip(f"{system} is absent; scripts/other_runtimes.sh makes it")
        if shutil.which(cpu.emulator) is None or shutil.which("unshare") is None:
            pytest.skip(f"{cpu.emulator} or unshare is absent; apt-get install qemu-user util-linux")
        ended = on_board(system, cpu, files, f"echo ENTERED; {command}", tmp_path_factory.mktemp("top"))
        if "ENTERED" not in ended.stdout:
            pytest.skip(f"this kernel does not let a board be entered: {ended.stderr[-300:]}")
        return ended.returncode, ended.stdout.replace("ENTERED\n", "") + ended.stderr

    return run


@pytest.fixture(scope="module")
def shipped(
    files: dict[str, bytes],
    jobs: dict[str, Job],
    run_here: Callable[..., Ran],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with a signed bundle with wheels, version 2, as scripts and a package, and the key it needs."""
    folder = tmp_path_factory.mktemp("files")
    file = with_signature(files["separable-int8"], ["photo"], ["scores"])
    contract: Contract = build_contract(
        parse_preprocess("none"),
        [TensorSpec("photo", (1, 16, 16, 3), "float32")],
        [TensorSpec("scores", (1, 5), "float32")],
        images=False,
    )
    goldens = Goldens(jobs["separable-int8"].inputs, run_here("separable-int8").outputs, tolerance_steps=4)
    contents = BundleContents("net", "raspberry-pi-3b", "int8", "int8", file, contract, goldens, {}, {})
    (folder / "plain.zip").write_bytes(pack_bundle(contents))
    private, public = new_key(folder, "release")
    assert public.exists()
    for tag, out in ((TAG, "net.sh"), (TAG, "net.deb"), ("cp311-armv7l", "net-armhf.sh")):
        options = ["--version", "2", "--sign", str(private), "--with-wheels", tag, "--format", out.split(".")[1]]
        ended = CliRunner().invoke(command, [str(folder / "plain.zip"), "--out", str(folder / out), *options])
        if "pip cannot fetch" in str(ended.exception):
            pytest.skip(f"there is no index to fetch {plan_wheels(parse_tags(TAG)[0]).needed} from: {ended.exception}")
        assert ended.exit_code == 0, ended.output
    for python in ("3.11.2-1", "3.13.1-1"):
        known = "\n".join(KNOWN.format(*one) for one in (("python3", python), ("openssl", "3.0.17-1")))
        (folder / f"dpkg-{python[:4]}").write_text(known)
    return folder


def test_one_script_installs_on_a_board_that_has_only_python(on: On, shipped: Path) -> None:
    code, said = on(
        "cortex-a53",
        "python3 -c 'import numpy' 2> /dev/null && exit 77; python3 -m pip > /dev/null 2>&1 && exit 78;"
        " sh /files/net.sh --trust /files/release.pub && cd /var/lib/edgecomp/bin &&"
        " ./edgecomp-runtime verify installed:net --json && ./edgecomp-runtime status net --json",
        shipped,
    )
    assert code == 0, said
    verified, state = _objects(said)
    assert verified["passed"]
    assert verified["exact"]
    assert verified["samples"] == 32
    assert verified["engine"]["xnnpack"]
    assert state["models"][0]["current"]["version"] == 2
    assert state["models"][0]["current"]["key"].startswith("SHA256:")


def test_a_32_bit_board_uses_its_own_numpy(on: On, shipped: Path) -> None:
    code, said = on(
        "cortex-a7",
        "sh /files/net-armhf.sh --trust /files/release.pub && /var/lib/edgecomp/bin/edgecomp-runtime status --json",
        shipped,
    )
    assert code == 0, said
    (state,) = _objects(said)
    verified = state["models"][0]["current"]["verified"]
    assert verified["engine"]["name"] == "tflite_runtime"
    assert verified["max_steps"] <= verified["tolerance_steps"] == 4


def test_a_signature_is_checked_on_the_board_before_anything_is_unpacked(on: On, shipped: Path) -> None:
    code, said = on("cortex-a53", "sh /files/net.sh; code=$?; ls /var/lib/edgecomp/python; exit $code", shipped)
    assert code == 5, said
    assert "which this device does not trust" in said
    assert "cannot access '/var/lib/edgecomp/python'" in said


def test_debians_own_installer_installs_the_package(on: On, shipped: Path) -> None:
    code, said = on(
        "cortex-a53",
        "cp /files/dpkg-3.11 /var/lib/dpkg/status; touch /var/lib/dpkg/available; dpkg -i /files/net.deb && "
        "/var/lib/edgecomp/bin/edgecomp-runtime status --json && "
        "dpkg -r edgecomp-model-net && test ! -e /var/lib/edgecomp/installed/net",
        shipped,
    )
    assert code == 0, said
    (state,) = _objects(said)
    assert state["models"][0]["current"]["verified"]["exact"]


def test_the_package_is_not_configured_on_another_python(on: On, shipped: Path) -> None:
    code, said = on(
        "cortex-a53",
        "cp /files/dpkg-3.13 /var/lib/dpkg/status; touch /var/lib/dpkg/available; dpkg -i /files/net.deb",
        shipped,
    )
    assert code == 1, said
    assert "depends on python3 (<< 3.12)" in said


def _objects(text: str) -> list[Any]:
    """The JSON objects in what was printed."""
    found, decoder, at = [], json.JSONDecoder(), text.find("\n{\n")
    while at >= 0:
        one, end = decoder.raw_decode(text, at + 1)
        found.append(one)
        at = text.find("\n{\n", end - 1)
    return found
