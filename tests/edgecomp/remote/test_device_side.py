"""The program on the device, without a network: its requests, and that nothing stays when nobody is there any more."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edgecomp.remote import device_side


class Talk:
    """A conversation with the program."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "XDG_CACHE_HOME": str(folder / "cache")}
        (folder / "tmp").mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, device_side.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def ask(self, **request: Any) -> Any:
        self.send(json.dumps(request).encode() + b"\n")
        return self.answer()

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline() or b"null")


@contextmanager
def talking(folder: Path) -> Iterator[Talk]:
    talk = Talk(folder)
    assert talk.ask(token="secret")["hello"] == "secret"
    try:
        yield talk
    finally:
        assert talk.process.stdin is not None
        talk.process.stdin.close()
        assert talk.process.wait(120) == 0
        assert list((folder / "tmp").iterdir()) == []


def receive(data: bytes, *, keep: bool = True, sha256: str | None = None) -> dict[str, Any]:
    digest = sha256 or hashlib.sha256(data).hexdigest()
    return {"do": "receive", "name": "file.zip", "bytes": len(data), "sha256": digest, "keep": keep}


def test_a_file_that_broke_off_is_taken_up_again(tmp_path: Path) -> None:
    data = os.urandom(300_000)
    with talking(tmp_path) as talk:
        assert talk.ask(**receive(data))["have"] == 0
        assert talk.ask(**{"from": 0}) == {"go": True}
        talk.send(data[:200_000])
    with talking(tmp_path) as talk:
        there = talk.ask(**receive(data))
        assert there == {"have": 200_000, "sha256": hashlib.sha256(data[:200_000]).hexdigest()}
        assert talk.ask(**{"from": 200_000}) == {"go": True}
        talk.send(data[200_000:])
        path = Path(talk.answer()["path"])
        assert path.read_bytes() == data
        assert talk.ask(do="remove", path=str(path)) == {"removed": True}
        assert list(path.parent.iterdir()) == []


def test_a_whole_file_that_nobody_used_is_there_next_time(tmp_path: Path) -> None:
    data = os.urandom(1000)
    with talking(tmp_path) as talk:
        talk.ask(**receive(data))
        talk.ask(**{"from": 0})
        talk.send(data)
        talk.answer()
    with talking(tmp_path) as talk:
        assert talk.ask(**receive(data))["have"] == len(data)
        assert talk.ask(**{"from": len(data)}) == {"go": True}
        assert Path(talk.answer()["path"]).read_bytes() == data


def test_what_arrives_and_is_something_else_is_refused(tmp_path: Path) -> None:
    with talking(tmp_path) as talk:
        talk.ask(**receive(b"hello", sha256="0" * 64))
        talk.ask(**{"from": 0})
        talk.send(b"hello")
        assert talk.answer()["refused"] == "changed"
    with talking(tmp_path) as talk:
        assert talk.ask(**receive(b"hello"))["have"] == 0


def test_more_than_there_is_room_for_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with talking(tmp_path) as talk:
        talk.ask(**{**receive(b""), "bytes": 2**60})
        refused = talk.ask(**{"from": 0})
        assert refused["refused"] == "full"
        assert str(2**60) in refused["message"]


def test_old_uploads_go(tmp_path: Path) -> None:
    uploads = tmp_path / "cache/edgecomp/uploads"
    uploads.mkdir(parents=True)
    for name, days in (("old", 8), ("young", 6)):
        (uploads / name).write_text("x")
        then = os.stat(uploads / name).st_mtime - days * 24 * 3600
        os.utime(uploads / name, (then, then))
    with talking(tmp_path) as talk:
        talk.ask(**receive(b"hello"))
    assert {one.name for one in uploads.iterdir()} == {"young", "file.zip.partial"}


def test_programs_run_and_their_output_comes_back(tmp_path: Path) -> None:
    code = "import sys, os; print(sys.argv[1]); print('at work', file=sys.stderr); sys.exit(3)"
    with talking(tmp_path) as talk:
        said, stderr = talk.ask(do="run", arguments=["-c", code, "ü"], path=["/first"]), ""
        while "stderr" in said:
            stderr += said["stderr"]
            said = talk.answer()
        assert stderr == "at work\n"
        assert said == {"code": 3, "stdout": "ü\n"}
        ended = talk.ask(do="run", arguments=["-c", "import sys; print('/first' in sys.path)"], path=["/first"])
        assert ended["stdout"] == "True\n"


@pytest.mark.parametrize("grandchild", [False, True])
def test_a_program_ends_with_the_connection(grandchild: bool, tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    wait = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {wait!r}])" if grandchild else wait
    with talking(tmp_path) as talk:
        talk.send(json.dumps({"do": "run", "arguments": ["-c", code], "path": []}).encode() + b"\n")
        while not (mark.exists() and mark.read_text()):
            time.sleep(0.02)
    status = Path("/proc", mark.read_text(), "status")
    for _ in range(1200):  # it was killed; a busy machine takes a moment to let it die
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if "Z (zombie)" not in status.read_text():
                time.sleep(0.05)
                continue
        return
    pytest.fail("the program is still running")


def store(talk: Talk, data: bytes) -> Path:
    """Sends a package, and has it kept."""
    talk.ask(**receive(data, keep=False))
    talk.ask(**{"from": 0})
    talk.send(data)
    return Path(talk.ask(do="store", path=talk.answer()["path"], sha256=hashlib.sha256(data).hexdigest())["path"])


def find(talk: Talk, data: bytes) -> Any:
    return talk.ask(do="find", sha256=hashlib.sha256(data).hexdigest())["path"]


def test_a_package_is_kept_for_later_connections(tmp_path: Path) -> None:
    data = os.urandom(300_000)
    with talking(tmp_path) as talk:
        assert find(talk, data) is None
        kept = store(talk, data)
    assert list((tmp_path / "cache/edgecomp/packages").iterdir()) == [kept]
    with talking(tmp_path) as talk:
        assert find(talk, data) == str(kept)
        assert find(talk, b"another") is None
    assert kept.read_bytes() == data


@pytest.mark.parametrize("damage", [b"", b"something else"], ids=["cut off", "other bytes"])
def test_a_package_that_changed_is_none_and_is_replaced(tmp_path: Path, damage: bytes) -> None:
    data = os.urandom(1000)
    with talking(tmp_path) as talk:
        kept = store(talk, data)
    kept.write_bytes(damage)
    with talking(tmp_path) as talk:
        assert find(talk, data) is None
        assert store(talk, data) == kept
        assert find(talk, data) == str(kept)


def test_a_package_that_cannot_be_kept_serves_from_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way of a folder")
    with talking(tmp_path) as talk:
        path = store(talk, b"package")
        assert path.read_bytes() == b"package"
        assert path.is_relative_to(tmp_path / "tmp")


def test_packages_go_that_were_not_used_for_long(tmp_path: Path) -> None:
    names = [b"old", b"used", b"young"]
    with talking(tmp_path) as talk:
        old, used, young = (store(talk, name) for name in names)
    for path, days in ((old, 91), (used, 91), (young, 89)):
        os.utime(path, (time.time() - days * 24 * 3600,) * 2)
    with talking(tmp_path) as talk:
        assert find(talk, b"used") == str(used)
        new = store(talk, b"new")
    assert set(new.parent.iterdir()) == {used, young, new}
