"""`edgecomp deploy`: which parts of a command line belong together. What it does there is tested in tests/ssh."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edgecomp.cli.deploying.tables import deployed_table
from edgecomp.remote.deploy import Deployed
from edgecomp.remote.host import parse_host
from edgecomp.remote.rollout import Outcome

Run = Callable[..., Any]


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.yaml"
    path.write_text(json.dumps({"hosts": {"kitchen": "ssh://kitchen", "hall": "ssh://hall"}}))
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bundle.zip",), "on which device?"),
        ((), "one bundle is put on devices, and none was given"),
        (("ssh://board",), "one bundle is put on devices"),
        (("a.zip", "b.zip", "ssh://board"), "a.zip, b.zip was given"),
        (("bundle.zip", "pi@board"), "write hosts as ssh://user@host"),
        (("--status", "bundle.zip", "ssh://board"), "no bundle goes with --status"),
        (("--status", "--rollback", "photo", "ssh://board"), "--status and --rollback are different things"),
        (("bundle.zip", "ssh://board", "ssh://board"), "board is named twice"),
        (("bundle.zip", "ssh://board", "--limit", "hall"), "--limit chooses from an --inventory"),
        (("bundle.zip", "ssh://board", "--out", "x"), "--out and --force are for --format"),
        (("--status", "ssh://board", "--delta", "x"), "--delta goes with a bundle"),
        (("bundle.zip", "--format", "oci", "--out", "x", "--delta", "x"), "cannot ask what devices have"),
        (("bundle.zip", "--format", "ansible"), "name it with --out"),
        (("bundle.zip", "ssh://board", "--format", "ansible", "--out", "x"), "leave the hosts out"),
        (("none.zip", "ssh://board"), "none.zip: there is no such file"),
        (("bundle.zip", "ssh://board", "--inventory", "none.yaml"), "no such inventory"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: tuple[str, ...], said: str, edgecomp: Run) -> None:
    ended = edgecomp("deploy", *arguments)
    assert ended.code == 2
    assert said in ended.stderr
    assert ended.stdout == ""


def test_a_host_that_is_no_member_is_refused(inventory: Path, edgecomp: Run) -> None:
    ended = edgecomp("deploy", "--status", "--inventory", inventory, "--limit", "kitchn")
    assert ended.code == 2
    assert "did you mean kitchen" in ended.stderr


def test_a_bare_model_proves_nothing_and_is_refused(tmp_path: Path, edgecomp: Run) -> None:
    from edgecomp.latency.micro.builder import NetworkBuilder

    network = NetworkBuilder("int8")
    (tmp_path / "bare.tflite").write_bytes(network.finish(network.unary("RELU", network.input(1, 2, 2, 8))))
    ended = edgecomp("deploy", tmp_path / "bare.tflite", "ssh://board")
    assert ended.code == 2
    assert "is no bundle" in ended.stderr


def test_without_ssh_here_every_device_says_so(
    inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edgecomp: Run
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = edgecomp("deploy", "--status", "--inventory", inventory, "--json")
    assert ended.code == 2
    assert "openssh-client" in ended.stderr
    devices = json.loads(ended.stdout)["devices"]
    assert [(one["host"], one["address"], one["outcome"], one["exit_code"]) for one in devices] == [
        ("kitchen", "ssh://kitchen", "failed", 2),
        ("hall", "ssh://hall", "failed", 2),
    ]


def test_the_table_says_what_kept_a_measurement_from_counting() -> None:
    host = parse_host("ssh://kitchen")
    bench = {
        "valid": False,
        "reasons": ["noisy neighbour: others", "noisy neighbour: this one", "throttled: 85 degrees"],
        "latency_ms": {"p50": 2.0},
    }
    found = Deployed(host, "ab" * 32, "2026-01-01T00:00:00Z", {"name": "photo", "changed": True}, bench, 1000)
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(deployed_table([Outcome(host, found)]))
    assert "2.00 ms p50, not valid (noisy neighbour, throttled)" in console.export_text()
