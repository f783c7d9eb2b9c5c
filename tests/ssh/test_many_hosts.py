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

AT_ONCE = 20

BUNDLE_BYTES = 8 * 2**20

SSH = f"""#!{sys.executable} -SE
import json, sys
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
        plan = plan_rollout(hosts, canary=1, parallel=AT_ONCE, keep_going=False)
        outcomes = carry_out(plan, deploy_counted, dialer)
        assert all(one.found is not None for one in outcomes)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    try:
        roll_out(many[:2])  # what is made once is made
        few = roll_out(many[: AT_ONCE + 1])
        tracemalloc.reset_peak()
        busy.expect(AT_ONCE)
        all_of_them = roll_out(many)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert busy.most == AT_ONCE
    assert peak < BUNDLE_BYTES, "bundles are held in memory"
    assert all_of_them - few < 16 * 1024 * (len(many) - AT_ONCE - 1), "a device costs more than its outcome"


class Busy:
    """How many are in it at once, at most. All but the first wait for as many as are expected."""

    def __init__(self) -> None:
        self.now = self.most = self._expected = 0
        self._begun = False
        self._changed = threading.Condition()

    def expect(self, count: int) -> None:
        """From now on that many are to be in it at once, some time."""
        self.most, self._expected, self._begun = 0, count, False

    def __enter__(self) -> None:
        with self._changed:
            self.now += 1
            self.most = max(self.most, self.now)
            self._changed.notify_all()
            canary, self._begun = not self._begun, True
            assert canary or self._changed.wait_for(lambda: self.most >= self._expected, timeout=120), self.most

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self.now -= 1
