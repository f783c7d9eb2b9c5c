"""`edgecomp profile --on ssh://…` against a real sshd."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loopback_sshd import Board, Keys, running_board
from photo_bundles import small_network, write_bundle

from edgecomp.latency import measuring
from edgecomp.latency.micro import micro_models
from edgecomp.remote.device import Device
from edgecomp.remote.dialer import Dialer
from edgecomp.remote.host import Access, Host
from edgecomp.remote.timing import time_there
from edgecomp.report import read_report_json, write_report_json

Run = Callable[..., Any]

PROFILE = (sys.executable, "-m", "edgecomp.cli.main", "profile")
SHORT = ("--seconds", "0.2")

MEASURED = (0, 4)
"""Exit codes of a measurement: other tests run beside this one, and a busy machine is no place to measure."""


@dataclass(frozen=True)
class Profiled:
    """A bundle that was profiled once, for several tests to look at."""

    code: int
    data: Any
    board: Board
    result: Path


@pytest.fixture(scope="module")
def profiled(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profiled]:
    """A bundle with a report beside it, profiled over SSH by a process of its own."""
    result, folder = tmp_path_factory.mktemp("result"), tmp_path_factory.mktemp("board")
    bundle = write_bundle(result / "bundle.zip", version=1)
    sha256 = hashlib.sha256(small_network()).hexdigest()
    report = {"schema": 1, "target": "linux-x86-64", "compressed": {"sha256": sha256}}
    write_report_json(report, result / "report.json")
    (result / "report.html").write_text("old")
    with running_board(folder, keys) as board:
        ended = subprocess.run(
            [*PROFILE, bundle, "--on", board.url, *board.options, *SHORT, "--json"], capture_output=True, text=True
        )
        assert ended.returncode in MEASURED, ended.stderr
        yield Profiled(ended.returncode, json.loads(ended.stdout), board, result)


def test_the_device_measures_and_verifies(profiled: Profiled) -> None:
    data = profiled.data
    assert data["on"] == profiled.board.url
    assert data["latency_ms"]["p50"] > 0
    assert data["verification"]["passed"]
    assert data["engine"]["name"] == "ai_edge_litert"
    assert data["valid"] == (profiled.code == 0)


def test_nothing_is_left_behind(profiled: Profiled) -> None:
    board = profiled.board
    assert list(board.temporary.iterdir()) == []
    assert not board.uploads.exists()
    assert not (board.folder / "cache").exists()
    assert not board.models.exists()
    assert list((board.folder / "home").iterdir()) == []


def test_figures_go_into_the_report_beside_the_bundle(profiled: Profiled) -> None:
    (device,) = read_report_json(profiled.result / "report.json")["devices"]
    assert device["host"] == "board"
    assert device["verified"] is True
    assert device["latency_ms"]["p50"] == profiled.data["latency_ms"]["p50"]
    assert device["machine"] in (profiled.result / "report.html").read_text()


@pytest.mark.slow
def test_a_tflite_is_measured_as_well(board: Board, tmp_path: Path, edgecomp: Run) -> None:
    (tmp_path / "small.tflite").write_bytes(small_network())
    ended = edgecomp("profile", tmp_path / "small.tflite", "--on", board.url, *board.options, *SHORT)
    assert ended.code in MEASURED, ended.stderr
    assert "p50" in ended.stdout
    assert "goldens" not in ended.stdout


@pytest.mark.slow
def test_other_answers_than_the_golden_ones_end_with_5(board: Board, tmp_path: Path, edgecomp: Run) -> None:
    bundle = write_bundle(tmp_path / "wrong.zip", wrong=True)
    ended = edgecomp("profile", bundle, "--on", board.url, *board.options, *SHORT, "--json")
    assert ended.code == 5
    assert ended.data["verification"]["passed"] is False
    assert "golden" in ended.stderr


def test_ctrl_c_leaves_nothing_behind(board: Board, bundles: dict[int, Path]) -> None:
    command = [*PROFILE, bundles[1], "--on", board.url, *board.options]
    process = subprocess.Popen([*command, "--seconds", "600"], stderr=subprocess.DEVNULL)
    _wait_until(lambda: _benches(board))
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert list(board.temporary.iterdir()) == []
    assert not _benches(board)


def test_a_host_that_dies_leaves_nothing_behind(board: Board, bundles: dict[int, Path]) -> None:
    command = [*PROFILE, bundles[1], "--on", board.url, *board.options]
    process = subprocess.Popen([*command, "--seconds", "600"], stderr=subprocess.DEVNULL)
    _wait_until(lambda: _benches(board))
    process.kill()
    process.wait(60)
    _wait_until(lambda: not list(board.temporary.iterdir()) and not _benches(board))


def test_a_damaged_bundle_is_refused_before_anybody_is_called(
    bundles: dict[int, Path], tmp_path: Path, edgecomp: Run
) -> None:
    data = bytearray(bundles[1].read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "damaged.zip").write_bytes(data)
    ended = edgecomp("profile", tmp_path / "damaged.zip", "--on", "ssh://nobody.invalid")
    assert ended.code == 5
    assert "nobody.invalid" not in ended.stderr


@pytest.mark.parametrize("address", ["ssh://", "ssh://-oProxyCommand=id", "ssh://pi@", "ssh://a:0", "ssh://a/b"])
def test_what_is_no_address_is_refused(address: str, bundles: dict[int, Path], edgecomp: Run) -> None:
    ended = edgecomp("profile", bundles[1], "--on", address)
    assert ended.code == 2
    assert "ssh://user@host" in ended.stderr or "no name" in ended.stderr or "port" in ended.stderr


def test_no_python_there(keys: Keys, tmp_path: Path, bundles: dict[int, Path], edgecomp: Run) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to("/bin/sh")
    with running_board(tmp_path, keys, path=str(tmp_path / "bin")) as board:
        ended = edgecomp("profile", bundles[1], "--on", board.url, "--ssh-config", board.ssh_config)
        named = edgecomp(
            "profile", bundles[1], "--on", board.url, "--ssh-config", board.ssh_config, "--python", "/opt/nothing"
        )
    assert (ended.code, named.code) == (2, 2)
    assert "no Python 3 on its PATH" in ended.stderr
    assert "apt install python3" in ended.stderr
    assert "/opt/nothing" in named.stderr


def test_no_numpy_there(board: Board, tmp_path: Path, bundles: dict[int, Path], edgecomp: Run) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare/bin/python"
    ended = edgecomp("profile", bundles[1], "--on", board.url, "--ssh-config", board.ssh_config, "--python", python)
    assert ended.code == 2
    assert f"{python} -m pip install 'ai-edge-litert" in ended.stderr
    assert list(board.temporary.iterdir()) == []


def test_a_chatty_login_is_passed_over(keys: Keys, tmp_path: Path) -> None:
    with running_board(tmp_path, keys, before="echo Welcome to the kitchen!; ") as board, connected(board) as device:
        assert device.run(["-c", "print(6 * 7)"], doing="computing").stdout == "42\n"


def test_a_login_that_runs_no_commands_is_named(
    keys: Keys, tmp_path: Path, bundles: dict[int, Path], edgecomp: Run
) -> None:
    before = "printf 'This account is \\033[31mnot available\\n'; exit 1; "
    with running_board(tmp_path, keys, before=before) as board:
        ended = edgecomp("profile", bundles[1], "--on", board.url, *board.options)
    assert ended.code == 2
    assert "not available" in ended.stderr
    assert "\x1b" not in ended.stderr


@pytest.mark.slow
def test_small_networks_are_timed_there_for_the_latency_model(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [one.file for one, _ in zip(micro_models(), range(3), strict=False)]
    with connected(board) as device:
        device.bring_package()
        timed = time_there(device, files, 1)
        assert list(board.temporary.iterdir()) != []
    assert len(timed.seconds) == 3
    assert all(0 < one < 1 for one in timed.seconds)
    assert "ai_edge_litert 2" in timed.on
    assert list(board.temporary.iterdir()) == []
    monkeypatch.setattr(measuring, "LARGEST_DRIFT", 100.0)
    observed = measuring.observe([], lambda *_: timed)
    assert observed.unit == "ns"


def connected(board: Board) -> AbstractContextManager[Device]:
    return Dialer(Access(ssh_config=board.ssh_config)).connected(Host("board", "board", python=board.python))


def _wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def _benches(board: Board) -> list[str]:
    """Processes that measure on the board: their temporary folder is in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if "edgecomp_runtime\0bench" in line and str(board.temporary) in line:
            found.append(line)
    return found
