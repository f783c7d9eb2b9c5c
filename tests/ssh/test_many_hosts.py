"""A hundred devices, behind an `ssh` that answers in their place."""

from __future__ import annotations

import sys
import time
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

BUNDLE_BYTES = 8 * 2**20

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


def test_time_grows_with_the_slowest_batch_and_memory_stays_flat(many: list[Host], tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(bytes(BUNDLE_BYTES))
    delivery = Delivery(Upload.of_file(bundle, keep=True), "", bench=None)
    dialer = Dialer(Access())

    def roll_out(hosts: list[Host], parallel: int) -> tuple[float, int]:
        tracemalloc.start()
        start = time.perf_counter()
        rollout = plan_rollout(hosts, canary=1, parallel=parallel, keep_going=False)
        outcomes = carry_out(rollout, lambda host: deploy(delivery, host, dialer), dialer)
        seconds, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert all(one.found is not None for one in outcomes)
        return seconds, peak

    roll_out(many[:2], 1)  # what is made once is made
    few_seconds, few_peak = roll_out(many[:21], 20)
    seconds, peak = roll_out(many, 20)
    batches, few_batches = 1 + 5, 1 + 1
    one_after_another = SECONDS * len(many)
    assert seconds >= SECONDS * batches
    assert seconds < one_after_another / 2
    assert seconds < 3 * few_seconds * batches / few_batches, "it grows faster than the batches"
    assert peak < BUNDLE_BYTES, "bundles are held in memory"
    assert peak < 1.5 * few_peak + 2**20
