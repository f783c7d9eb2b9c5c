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
        assert talk.process.wait(20) == 0
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
    wait = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {wait!r}])" if grandchild else wait
    with talking(tmp_path) as talk:
        talk.send(json.dumps({"do": "run", "arguments": ["-c", code], "path": []}).encode() + b"\n")
        while not (mark.exists() and mark.read_text()):
            time.sleep(0.02)
    status = Path("/proc", mark.read_text(), "status")
    for _ in range(200):  # it was killed; a busy machine takes a moment to let it die
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if "Z (zombie)" not in status.read_text():
                time.sleep(0.05)
                continue
        return
    pytest.fail("the program is still running")
