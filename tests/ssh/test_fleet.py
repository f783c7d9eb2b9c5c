"""`edgecomp deploy --inventory` against a real sshd that plays several devices, one of which fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback_sshd import Board, Keys, running_board

Run = Callable[..., Any]


@pytest.fixture
def fleet(keys: Keys, tmp_path: Path) -> Iterator[dict[str, Board]]:
    """Two boards that work, and one whose Python is gone."""
    boards = {}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to("/bin/sh")
    for name in ("kitchen", "hall", "cellar"):
        (tmp_path / name).mkdir()
    with (
        running_board(tmp_path / "kitchen", keys) as boards["kitchen"],
        running_board(tmp_path / "hall", keys) as boards["hall"],
        running_board(tmp_path / "cellar", keys, path=str(tmp_path / "bin")) as boards["cellar"],
    ):
        yield boards


@pytest.fixture
def inventory(fleet: dict[str, Board], tmp_path: Path) -> Callable[..., tuple[str, ...]]:
    """Writes the options that name the boards in that order."""
    config = tmp_path / "ssh_config"
    known = tmp_path / "known_hosts"
    known.write_text("".join((board.folder / "known_hosts").read_text() for board in fleet.values()))
    config.write_text(
        "".join(
            f"Match host {name}\n"
            + board.ssh_config.read_text()
            .replace("Host *\n", "")
            .replace(str(board.folder / "known_hosts"), str(known))
            for name, board in fleet.items()
        )
    )

    def write(*names: str) -> tuple[str, ...]:
        hosts = {
            name: {"address": f"ssh://{name}", "python": "python3" if name == "cellar" else fleet[name].python}
            for name in names
        }
        path = tmp_path / "fleet.yaml"
        path.write_text(json.dumps({"hosts": hosts, "groups": {"good": [one for one in names if one != "cellar"]}}))
        return ("--inventory", str(path), "--ssh-config", str(config))

    return write


def test_one_of_three_fails_and_the_table_says_who_has_what(
    inventory: Callable[..., tuple[str, ...]], bundles: dict[int, Path], edgecomp: Run
) -> None:
    where = inventory("kitchen", "cellar", "hall")
    options = ("--allow-unsigned", "--no-bench", "--keep-going")
    ended = edgecomp("deploy", bundles[1], *where, *options)
    assert ended.code == 2
    assert "1 of 3 devices failed" in ended.stderr
    assert "cellar: there is no python3" in ended.stderr
    assert [line.split()[:2] for line in ended.stdout.splitlines()[1:]] == [
        ["kitchen", "installed"],
        ["cellar", "FAILED"],
        ["hall", "installed"],
    ]
    status = edgecomp("deploy", "--status", *where, "--json")
    assert status.code == 2
    found = {one["host"]: one for one in status.data["devices"]}
    assert found["cellar"]["outcome"] == "failed"
    assert [found[name]["models"][0]["current"]["version"] for name in ("kitchen", "hall")] == [1, 1]
    assert edgecomp("deploy", "--status", *where, "--limit", "good").code == 0


def test_where_the_canary_fails_nobody_else_begins(
    inventory: Callable[..., tuple[str, ...]], fleet: dict[str, Board], bundles: dict[int, Path], edgecomp: Run
) -> None:
    where = inventory("cellar", "kitchen", "hall")
    ended = edgecomp("deploy", bundles[1], *where, "--allow-unsigned", "--no-bench", "--keep-going", "--json")
    assert ended.code == 2
    assert [one["outcome"] for one in ended.data["devices"]] == ["failed", "not tried", "not tried"]
    assert "2 were not begun" in ended.stderr
    assert not fleet["kitchen"].models.exists()
