"""A hundred devices, behind an `ssh` that answers in their place."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from edgecomp.remote.deploy import Delivery, deploy
from edgecomp.remote.dialer import Dialer
from edgecomp.remote.host import Access, Host
from edgecomp.remote.rollout import carry_out, plan_rollout
from edgecomp.remote.upload import Upload

SECONDS = 0.4
"""That each device takes to install."""

BUNDLE_BYTES = 16 * 2**20

SSH = f"""#!{sys.executable} -SE
import json, os, sys, time
stdin, out = sys.stdin.buffer, sys.stdout
while stdin.read(1) != b"\\0":  # the program that would run over there
    pass
def line():
    return json.loads(stdin.readline())
def say(**message):
    print(json.dumps(message), flush=True)
say(hello=line()["token"], folder="/tmp/none", python="python3")
while True:
    raw = stdin.readline()
    if not raw:
        break
    request = json.loads(raw)
    if request["do"] == "receive":
        say(have=0, sha256="")
        line()
        say(go=True)
        left = request["bytes"]
        while left:
            left -= len(stdin.read(min(left, 65536)))
        say(path="/tmp/none/" + request["name"])
    elif request["do"] == "run":
        time.sleep({SECONDS})
        say(stderr="installing\\n")
        done = {{"name": "photo", "changed": True, "current": {{"version": 1, "verified": {{"passed": True}}}}}}
        say(code=0, stdout=json.dumps(done))
    else:
        say(removed=True)
"""


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Host]:
    """A hundred devices."""
    ssh = tmp_path / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH)
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(ssh.parent))
    return [Host(f"device{number}", f"device{number}.invalid") for number in range(100)]


def test_as_many_at_once_as_allowed_and_memory_stays_flat(many: list[Host], tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(bytes(BUNDLE_BYTES))
    delivery = Delivery(Upload.of_file(bundle, keep=True), "", bench=None)
    dialer = Dialer(Access())
    busy = Busy()

    def deploy_counted(host: Host) -> object:
        with busy:
            return deploy(delivery, host, dialer)

    def roll_out(hosts: list[Host]) -> int:
        """Bytes that remain of it, its outcomes included."""
        before, _ = tracemalloc.get_traced_memory()
        outcomes = carry_out(plan_rollout(hosts, canary=1, parallel=20, keep_going=False), deploy_counted, dialer)
        assert all(one.found is not None for one in outcomes)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    try:
        roll_out(many[:2])  # what is made once is made
        few = roll_out(many[:21])
        tracemalloc.reset_peak()
        all_of_them = roll_out(many)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert busy.most == 20
    assert peak < BUNDLE_BYTES, "bundles are held in memory"
    assert all_of_them - few < 16 * 1024 * (len(many) - 21), "a device costs more than its outcome"


class Busy:
    """How many are in it at once, at most."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1
