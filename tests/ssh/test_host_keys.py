"""Who is at the other end: a device whose key is not the known one gets nothing, whatever an ssh config says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback_sshd import Board, Keys, known_hosts_line

Run = Callable[..., Any]

COMMANDS = (("profile", "--on"), ("deploy", "--allow-unsigned"))


@pytest.fixture(params=COMMANDS, ids=lambda command: command[0])
def reach(request: pytest.FixtureRequest, board: Board, bundles: dict[int, Path], edgecomp: Run) -> Callable[[], Any]:
    """Runs a command that has to connect, and makes sure that nothing came of it."""
    verb, option = request.param

    def run() -> Any:
        ended = edgecomp(verb, bundles[1], option, board.url, *board.options)
        assert ended.stdout == ""
        assert not board.uploads.exists()
        assert not board.models.exists()
        return ended

    return run


@pytest.mark.parametrize("checking", ["", "  StrictHostKeyChecking no\n"])
def test_a_wrong_host_key_is_refused(checking: str, reach: Callable[[], Any], board: Board, keys: Keys) -> None:
    (board.folder / "known_hosts").write_text(known_hosts_line(board.port, keys.other_host))
    board.ssh_config.write_text(board.ssh_config.read_text() + checking)
    ended = reach()
    assert ended.code == 5
    assert "host key is not the one in" in ended.stderr
    assert str(board.folder / "known_hosts") in ended.stderr
    assert "ssh-keygen -R" in ended.stderr


@pytest.mark.parametrize("checking", ["", "  StrictHostKeyChecking accept-new\n"])
def test_an_unknown_host_key_is_refused(checking: str, reach: Callable[[], Any], board: Board) -> None:
    (board.folder / "known_hosts").write_text("")
    board.ssh_config.write_text(board.ssh_config.read_text() + checking)
    ended = reach()
    assert ended.code == 2
    assert "host key is not known here" in ended.stderr
    assert "compare the fingerprint" in ended.stderr
    assert (board.folder / "known_hosts").read_text() == ""


def test_a_refused_login_says_what_has_to_work(reach: Callable[[], Any], board: Board, keys: Keys) -> None:
    config = board.ssh_config.read_text()
    board.ssh_config.write_text(config.replace(str(keys.person), str(keys.other_host)))
    ended = reach()
    assert ended.code == 2
    assert "login was refused" in ended.stderr
    assert "ssh-copy-id" in ended.stderr


def test_a_device_that_is_off_cannot_be_reached(reach: Callable[[], Any], board: Board) -> None:
    config = board.ssh_config.read_text()
    board.ssh_config.write_text(config.replace(f"Port {board.port}", "Port 1"))
    ended = reach()
    assert ended.code == 2
    assert "cannot be reached" in ended.stderr
