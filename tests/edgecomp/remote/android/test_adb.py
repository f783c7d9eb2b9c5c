"""Which phone is meant, and what is said where there is none: with a stand-in for adb, and with adb itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecomp.errors import InputError
from edgecomp.remote.android.adb import connect, find_adb, is_adb, parse_serial
from edgecomp.remote.android.binary import VARIABLE, find_binary

from .conftest import SERIAL, Phone


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("adb", None),
        ("adb:R5CT", "R5CT"),
        ("adb:192.168.1.7:5555", "192.168.1.7:5555"),
        ("adb:emulator-5554", "emulator-5554"),
    ],
)
def test_places_that_are_phones(text: str, serial: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    assert is_adb(text)
    assert parse_serial(text) == serial


@pytest.mark.parametrize("text", ["adb:", "adb:-s", "adb:a b", "adb:$(reboot)", "adb:\x1b[2J"])
def test_what_is_no_serial_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="names no phone"):
        parse_serial(text)


def test_a_serial_in_adbs_own_variable_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDROID_SERIAL", "R5CT")
    assert parse_serial("adb") == "R5CT"


def test_the_only_phone_is_the_one(phone: Phone) -> None:
    assert connect(None).serial == SERIAL
    assert connect(SERIAL).serial == SERIAL


@pytest.mark.parametrize(
    ("devices", "serial", "said"),
    [
        ("", None, "adb finds no phone; switch on USB debugging"),
        ("", "R5CT", "R5CT: adb knows no such phone .it knows: none"),
        ("A\tdevice\nB\tdevice", None, r"several phones are connected \(A, B\); name one, as in --on adb:A"),
        ("A\tunauthorized", None, "A does not trust this computer: unlock it"),
        ("A\tunauthorized\nB\toffline", "B", "B is offline"),
        ("A\tno permissions (user in plugdev group); see [http://x]", None, "udev rules"),
        ("A\tsideload", None, "A is in the state 'sideload'"),
    ],
)
def test_a_phone_that_cannot_be_used_is_told_with_the_way_out(
    phone: Phone, devices: str, serial: str | None, said: str
) -> None:
    phone.says("devices", devices)
    with pytest.raises(InputError, match=said):
        connect(serial)


def test_one_that_is_ready_is_taken_beside_one_that_is_not(phone: Phone) -> None:
    phone.says("devices", "A\toffline\nB\tdevice")
    assert connect(None).serial == "B"


def test_adb_is_found_in_the_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "platform-tools" / "adb"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("ANDROID_HOME", str(tmp_path))
    assert find_adb() == str(program)
    monkeypatch.delenv("ANDROID_HOME")
    monkeypatch.delenv("ANDROID_SDK_ROOT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError, match="there is no adb here; install"):
        find_adb()


def test_benchmark_model_has_to_be_there_and_be_a_program_for_android(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phone: Phone
) -> None:
    with pytest.raises(InputError, match="--benchmark-model, or in EDGECOMP_BENCHMARK_MODEL"):
        find_binary(None)
    with pytest.raises(InputError, match="cannot be read"):
        find_binary(tmp_path / "none")
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(InputError, match="is no program for Android"):
        find_binary(script)
    monkeypatch.setenv(VARIABLE, str(phone.binary))
    assert find_binary(None).abis == ("arm64-v8a",)
