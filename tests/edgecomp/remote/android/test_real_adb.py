"""The real adb, over TCP to a phone that speaks its protocol and is a folder: what goes over the wire is adb's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from edgecomp_runtime.measure.plan import QUICK

from edgecomp.errors import InputError
from edgecomp.remote.android.adb import connect
from edgecomp.remote.android.profile import Options, profile_phone

from .conftest import Phone
from .tcp_phone import TcpPhone

ADB = shutil.which("adb")

pytestmark = pytest.mark.skipif(ADB is None, reason="needs adb (apt install adb)")


@pytest.fixture
def adb(phone: Phone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The real adb in place of the stand-in, with a server of its own."""
    assert ADB is not None
    monkeypatch.setenv("PATH", f"{Path(ADB).parent}:/usr/bin:/bin")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(probe.getsockname()[1]))
    monkeypatch.setenv("HOME", str(tmp_path))
    yield ADB
    subprocess.run([ADB, "kill-server"], capture_output=True, env=dict(os.environ))


@pytest.fixture
def plugged(adb: str, phone: Phone) -> TcpPhone:
    """The phone, connected."""
    reached = TcpPhone(phone.root)
    subprocess.run([adb, "connect", reached.serial], capture_output=True, check=True)
    return reached


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(20_000))
    return path


def test_without_a_phone_it_says_so(adb: str) -> None:
    with pytest.raises(InputError, match=r"adb finds no phone|does not trust|may not be used|is offline"):
        connect(None)
    with pytest.raises(InputError, match="adb knows no such phone"):
        connect("not-there")


def test_a_model_is_measured_over_it(plugged: TcpPhone, phone: Phone, model: Path) -> None:
    options = Options(replace(QUICK, windows=2), binary=phone.binary)
    found = profile_phone(model, plugged.serial, options)
    assert (found.valid, found.bench["reasons"]) == (True, [])
    assert found.bench["latency_ms"]["p50"] == pytest.approx(8.299)
    assert found.bench["device"]["board"] == "Google Pixel 8"
    assert phone.left == []


def test_a_failing_program_is_told_though_the_phone_has_no_exit_codes(
    plugged: TcpPhone, phone: Phone, model: Path
) -> None:
    phone.says("transcript", "ERROR: Failed to load model\n")
    phone.says("exit", "7")
    with pytest.raises(InputError, match="exit code 7: Failed to load model"):
        profile_phone(model, plugged.serial, Options(QUICK, binary=phone.binary))
    assert phone.left == []


def test_unplugging_it_while_it_measures_is_an_error(plugged: TcpPhone, phone: Phone, model: Path) -> None:
    phone.says("slow", "")

    def unplug_when_it_runs() -> None:
        while not (phone.root / "runs").exists():
            time.sleep(0.02)
        plugged.unplug()

    threading.Thread(target=unplug_when_it_runs, daemon=True).start()
    with pytest.raises(InputError, match="the connection broke off while measuring"):
        profile_phone(model, plugged.serial, Options(QUICK, binary=phone.binary))
