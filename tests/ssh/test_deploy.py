"""`edgecomp deploy` against a real sshd: one device, from the first bundle to the way back."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cutting_proxy import cutting_proxy
from loopback_sshd import Board
from photo_bundles import write_bundle

from edgecomp.bundle.runtime_wheel import runtime_wheel
from edgecomp.remote import connection, dialer
from edgecomp.remote.deploy import Delivery, deploy
from edgecomp.remote.host import Access, Host
from edgecomp.remote.rollout import carry_out, plan_rollout
from edgecomp.remote.upload import Upload

Run = Callable[..., Any]

QUIET = ("--allow-unsigned", "--no-bench")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialer, "PAUSE_SECONDS", 0.01)


def test_deploy_update_and_way_back(board: Board, bundles: dict[int, Path], edgecomp: Run) -> None:
    def put(version: int) -> Any:
        return edgecomp("deploy", bundles[version], board.url, *board.options, *QUIET, "--json")

    def current() -> tuple[int, int | None]:
        (device,) = edgecomp("deploy", "--status", board.url, *board.options, "--json").data["devices"]
        (model,) = device["models"]
        assert model["name"] == "photo"
        assert model["damage"] is None
        return model["current"]["version"], model["previous"] and model["previous"]["version"]

    first = put(1)
    assert first.code == 0, first.stderr
    (device,) = first.data["devices"]
    assert device["outcome"] == "done"
    assert device["installation"]["changed"] is True
    assert device["installation"]["current"]["verified"]["passed"] is True
    assert device["bench"] is None
    assert current() == (1, None)

    assert put(2).code == 0
    assert current() == (2, 1)

    again = put(2)
    assert again.code == 0
    assert again.data["devices"][0]["installation"]["changed"] is False
    assert current() == (2, 1)

    older = put(1)
    assert older.code == 5
    assert "older" in older.stderr
    assert current() == (2, 1)

    back = edgecomp("deploy", "--rollback", "photo", board.url, *board.options)
    assert back.code == 0, back.stderr
    assert "went back" in back.stdout
    assert current() == (1, 2)

    assert list(board.temporary.iterdir()) == []
    assert list(board.uploads.iterdir()) == []


def test_a_device_gets_only_what_differs_where_it_has_the_rest(
    board: Board, bundles: dict[int, Path], tmp_path: Path, edgecomp: Run
) -> None:
    whole, delta = tmp_path / "2.zip", tmp_path / "1-to-2.zip"
    assert edgecomp("bundle", bundles[2], "--out", whole).code == 0
    assert edgecomp("bundle", bundles[2], "--delta-from", bundles[1], "--out", delta).code == 0

    alone = edgecomp("deploy", delta, board.url, *board.options, *QUIET)
    assert alone.code == 2
    assert "install the full bundle" in alone.stderr

    def sent() -> Any:
        ended = edgecomp("deploy", whole, "--delta", delta, board.url, *board.options, *QUIET, "--json")
        (device,) = ended.data["devices"]
        assert device["installation"]["current"]["version"] == 2
        return device["bundle_bytes"]

    assert sent() == whole.stat().st_size
    assert sent() == delta.stat().st_size < whole.stat().st_size  # each bundle has noise of its own
    assert list(board.uploads.iterdir()) == []

    other = edgecomp("deploy", bundles[1], "--delta", delta, board.url, *board.options, *QUIET)
    assert other.code == 2
    assert "not the same release" in other.stderr


@pytest.mark.slow
def test_what_is_installed_is_measured(board: Board, bundles: dict[int, Path], edgecomp: Run) -> None:
    options = ("--allow-unsigned", "--seconds", "0.2")
    ended = edgecomp("deploy", bundles[1], board.url, *board.options, *options)
    assert ended.code == 0, ended.stderr  # also where the figures are not valid: the bundle is where it has to be
    assert "installed" in ended.stdout
    assert "p50" in ended.stdout


def test_an_unsigned_bundle_is_refused_unless_that_is_allowed(
    board: Board, bundles: dict[int, Path], edgecomp: Run
) -> None:
    ended = edgecomp("deploy", bundles[1], board.url, *board.options)
    assert ended.code == 5
    assert "not signed" in ended.stderr
    assert str(board.folder) not in ended.stderr
    assert ended.stdout == ""
    assert list(board.uploads.iterdir()) == []


def test_a_signed_bundle_is_taken_where_its_key_is_trusted(
    board: Board, bundles: dict[int, Path], tmp_path: Path, edgecomp: Run
) -> None:
    signed = tmp_path / "signed.zip"
    assert edgecomp("keys", "new", "--out", tmp_path / "keys").code == 0
    (private,) = (tmp_path / "keys").glob("*.key")
    (public,) = (tmp_path / "keys").glob("*.pub")
    assert edgecomp("bundle", bundles[1], "--sign", private, "--out", signed).code == 0
    unknown = edgecomp("deploy", signed, board.url, *board.options, "--no-bench")
    assert unknown.code == 5
    trusted = edgecomp("deploy", "--trust", public, board.url, *board.options)
    assert trusted.code == 0, trusted.stderr
    assert "SHA256:" in trusted.stdout
    taken = edgecomp("deploy", signed, board.url, *board.options, "--no-bench")
    assert taken.code == 0, taken.stderr
    assert "SHA256:" in edgecomp("deploy", "--status", board.url, *board.options).stdout


def test_a_bundle_that_fails_its_goldens_there_changes_nothing(
    board: Board, bundles: dict[int, Path], tmp_path: Path, edgecomp: Run
) -> None:
    assert edgecomp("deploy", bundles[1], board.url, *board.options, *QUIET).code == 0
    bad = write_bundle(tmp_path / "bad.zip", version=9, wrong=True)
    ended = edgecomp("deploy", bad, board.url, *board.options, *QUIET)
    assert ended.code == 5
    (device,) = edgecomp("deploy", "--status", board.url, *board.options, "--json").data["devices"]
    assert device["models"][0]["current"]["version"] == 1


def test_a_broken_upload_goes_on_where_it_stopped(board: Board, large_bundles: dict[int, Path]) -> None:
    size = large_bundles[1].stat().st_size
    delivery = Delivery(Upload.of_file(large_bundles[1], keep=True), "", ("--allow-unsigned",), bench=None)
    calls: list[tuple[int, int]] = []
    with cutting_proxy(board.port, cuts=[size * 4 // 5]) as proxy, reached_through(board, proxy.port):
        reach = dialer.Dialer(Access(ssh_config=board.ssh_config))
        host = Host("board", "board", python=board.python)
        found = deploy(delivery, host, reach, progress=lambda done, _: calls.append((len(proxy.sent), done)))
    again = next(done for connections, done in calls if connections == 2)
    assert found.changed
    assert again > size // 10
    assert proxy.sent[1] < size - again + 300_000, "the second connection sent what was there already"
    assert list(board.uploads.iterdir()) == []
    assert list(board.temporary.iterdir()) == []


def test_the_device_package_is_sent_once(board: Board, edgecomp: Run) -> None:
    wheel = len(runtime_wheel()[1])
    with cutting_proxy(board.port, cuts=[]) as proxy, reached_through(board, proxy.port):
        for _ in range(2):
            ended = edgecomp("deploy", "--status", board.url, *board.options, "--json")
            assert ended.code == 0, ended.stderr
        (kept,) = (board.folder / "cache/edgecomp/packages").iterdir()
        kept.write_bytes(kept.read_bytes()[:1000])
        ended = edgecomp("deploy", "--status", board.url, *board.options, "--json")
        assert ended.code == 0, ended.stderr
    first, again, damaged = proxy.sent
    assert first > wheel
    assert first - again > wheel
    assert damaged > wheel
    assert kept.stat().st_size == wheel


def test_the_next_command_goes_on_as_well(board: Board, large_bundles: dict[int, Path], edgecomp: Run) -> None:
    size = large_bundles[1].stat().st_size
    cuts = [size * 4 // 5, size // 10, size // 10]
    with cutting_proxy(board.port, cuts) as proxy, reached_through(board, proxy.port):
        broken = edgecomp("deploy", large_bundles[1], board.url, *board.options, *QUIET)
        (partial,) = board.uploads.iterdir()
        arrived = partial.stat().st_size
        ended = edgecomp("deploy", large_bundles[1], board.url, *board.options, *QUIET)
    assert broken.code == 2
    assert "broke off" in broken.stderr
    assert "goes on where it stopped" in broken.stderr
    assert size // 10 < arrived < size
    assert ended.code == 0, ended.stderr
    assert proxy.sent[-1] < size - arrived + 300_000


@pytest.mark.slow
def test_two_that_send_the_same_do_not_hinder_each_other(board: Board, large_bundles: dict[int, Path]) -> None:
    delivery = Delivery(Upload.of_file(large_bundles[1], keep=True), "", ("--allow-unsigned",), bench=None)
    reach = dialer.Dialer(Access(ssh_config=board.ssh_config))
    hosts = [Host(name, "board", python=board.python) for name in ("kitchen", "hall")]
    rollout = plan_rollout(hosts, canary=0, parallel=2, keep_going=True)
    outcomes = carry_out(rollout, lambda host: deploy(delivery, host, reach), reach)
    assert [one.error for one in outcomes] == [None, None]
    assert sorted(one.found is not None and one.found.changed for one in outcomes) == [False, True]
    assert list(board.uploads.iterdir()) == []


def test_a_connection_that_hangs_does_not_keep_the_next_one_waiting(
    board: Board, large_bundles: dict[int, Path], edgecomp: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = connection._PROGRAM.read_text()
    quicker = board.folder / "device_side.py"
    quicker.write_text(program.replace("STALLED_SECONDS = 10", "STALLED_SECONDS = 0.5"))
    assert quicker.read_text() != program
    monkeypatch.setattr(connection, "_PROGRAM", quicker)
    upload = Upload.of_file(large_bundles[1], keep=True)
    with dialer.Dialer(Access(ssh_config=board.ssh_config)).connected(
        Host("board", "board", python=board.python)
    ) as one:
        hanging = one._connection
        asked = {"name": upload.name, "bytes": upload.size, "sha256": upload.sha256, "keep": True}
        hanging.ask({"do": "receive", **asked}, "hanging")
        hanging.ask({"from": 0}, "hanging")
        hanging.send(large_bundles[1].read_bytes()[:100_000], "hanging")
        ended = edgecomp("deploy", large_bundles[1], board.url, *board.options, *QUIET)
    assert ended.code == 0, ended.stderr


@pytest.mark.parametrize("what", ["other bytes", pytest.param("too long", marks=pytest.mark.slow)])
def test_what_lies_there_and_is_something_else_is_not_built_upon(
    what: str, board: Board, large_bundles: dict[int, Path], edgecomp: Run
) -> None:
    data = large_bundles[1].read_bytes()
    board.uploads.mkdir(parents=True)
    partial = board.uploads / f"{hashlib.sha256(data).hexdigest()}.zip.partial"
    partial.write_bytes(data[:1000] + b"?" + data[1001:50_000] if what == "other bytes" else data + b"more")
    ended = edgecomp("deploy", large_bundles[1], board.url, *board.options, *QUIET)
    assert ended.code == 0, ended.stderr


def test_a_killed_sshd_is_a_broken_connection(
    board: Board, large_bundles: dict[int, Path], edgecomp: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgecomp.remote import upload

    real, killed = upload.Connection.send, []

    def send(connection: Any, data: Any, doing: str) -> None:
        real(connection, data, doing)
        if not killed and "photo1" in doing:
            killed.append(_kill_session(board))

    monkeypatch.setattr(upload.Connection, "send", send)
    ended = edgecomp("deploy", large_bundles[1], board.url, *board.options, *QUIET)
    assert killed
    assert ended.code == 0, ended.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small file system")
@pytest.mark.parametrize("place", ["uploads", pytest.param("models", marks=pytest.mark.slow)])
def test_a_full_disk_is_named_and_the_old_model_stays(
    place: str, board: Board, large_bundles: dict[int, Path], edgecomp: Run
) -> None:
    assert edgecomp("deploy", large_bundles[1], board.url, *board.options, *QUIET).code == 0
    size = large_bundles[2].stat().st_size
    folder = board.uploads if place == "uploads" else board.models / "installed"
    with small_disk(folder, size // 2 if place == "uploads" else size + size // 2, board):
        ended = edgecomp("deploy", large_bundles[2], board.url, *board.options, *QUIET)
        (device,) = edgecomp("deploy", "--status", board.url, *board.options, "--json").data["devices"]
    assert ended.code == 2
    assert "full" in ended.stderr or "No space left" in ended.stderr
    assert device["models"][0]["current"]["version"] == 1
    assert device["models"][0]["damage"] is None


@contextmanager
def small_disk(folder: Path, size: int, board: Board) -> Iterator[None]:
    """A file system of so many bytes in place of a folder, with what was in the folder."""
    aside = board.folder / "aside"
    subprocess.run(["cp", "-a", folder, aside], check=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be made here ({mounted.stderr.decode().strip()})")
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def reached_through(board: Board, port: int) -> Iterator[None]:
    """Lets ssh go through another port to the same board."""
    config, known = board.ssh_config.read_text(), (board.folder / "known_hosts").read_text()
    board.ssh_config.write_text(config.replace(f"Port {board.port}", f"Port {port}"))
    (board.folder / "known_hosts").write_text(known.replace(f":{board.port} ", f":{port} "))
    yield
    board.ssh_config.write_text(config)
    (board.folder / "known_hosts").write_text(known)


def _kill_session(board: Board) -> int:
    """Kills the sshd processes of logins to the board, as a crash would; their number."""
    sessions = _children(board.process)
    for one in sessions:
        for child in (*_children(one), one):
            with suppress(ProcessLookupError):  # the one may end with the other
                os.kill(child, 9)
    return len(sessions)


def _children(process: int) -> list[int]:
    found = subprocess.run(["ps", "--ppid", str(process), "-o", "pid="], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]
