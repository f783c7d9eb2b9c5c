"""Signatures are checked with each of the three tools, as they really are on this machine, and with none other."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from edgecomp_runtime import IntegrityError
from edgecomp_runtime.bundle.ed25519 import Signed, require_signed
from edgecomp_runtime.bundle.ssh_signature import armored, signature_in

from edgecomp.keys import SigningKey

MESSAGE = b'{"format": 1}\n'
NAMESPACE = "edgecomp-bundle"
TOOLS = {"library": "cryptography", "openssl": "OpenSSL", "ssh-keygen": "ssh-keygen"}

Only = Callable[[str], None]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Only:
    """Leaves a device nothing but one tool to check signatures with."""

    def only(tool: str) -> None:
        commands = tmp_path / "bin"
        commands.mkdir()
        if tool != "library":
            monkeypatch.setitem(sys.modules, "cryptography", None)
        if tool in ("openssl", "ssh-keygen"):
            found = shutil.which(tool)
            if found is None:
                pytest.skip(f"{tool} is not installed")
            (commands / tool).symlink_to(found)
        monkeypatch.setenv("PATH", str(commands))

    return only


@pytest.fixture
def made(signing_key: SigningKey) -> Signed:
    return signing_key.sign(MESSAGE, NAMESPACE)


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_takes_what_was_signed_and_says_its_name(
    tool: str, only: Only, made: Signed, signing_key: SigningKey
) -> None:
    only(tool)
    assert require_signed(signing_key.public, made).startswith(TOOLS[tool])


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_refuses_another_message(tool: str, only: Only, made: Signed, signing_key: SigningKey) -> None:
    only(tool)
    with pytest.raises(IntegrityError, match="signature is wrong"):
        require_signed(signing_key.public, replace(made, message=MESSAGE + b" "))


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_refuses_another_key(
    tool: str, only: Only, made: Signed, signing_key: SigningKey, other_key: SigningKey
) -> None:
    only(tool)
    forged = other_key.sign(MESSAGE, NAMESPACE)
    claimed = replace(forged, ssh_signature=armored(signing_key.public, bytes(64), NAMESPACE))
    for one in (made, forged):
        with pytest.raises(IntegrityError):
            require_signed((other_key if one is made else signing_key).public, one)
    with pytest.raises(IntegrityError, match="signature is wrong"):
        require_signed(signing_key.public, claimed)


def test_without_a_tool_nothing_is_taken(only: Only, made: Signed, signing_key: SigningKey) -> None:
    only("none")
    with pytest.raises(IntegrityError, match="nothing here can check"):
        require_signed(signing_key.public, made)


@pytest.mark.parametrize(
    "script",
    [
        "echo 'OpenSSL 1.1.1w  11 Sep 2023'",
        "echo 'LibreSSL 3.3.6'",
        "exit 1",
        "test $1 = version && echo 'OpenSSL 3.0.2 15 Mar 2022' || { echo 'Invalid algorithm'; exit 1; }",
    ],
)
def test_an_openssl_that_cannot_do_it_leaves_it_to_ssh_keygen(
    script: str, only: Only, tmp_path: Path, made: Signed, signing_key: SigningKey
) -> None:
    only("ssh-keygen")
    fake = tmp_path / "bin" / "openssl"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    assert require_signed(signing_key.public, made) == "ssh-keygen"
    with pytest.raises(IntegrityError, match="signature is wrong"):
        require_signed(signing_key.public, replace(made, message=b"another"))


def test_an_ssh_keygen_too_old_for_it_is_no_tool(
    only: Only, tmp_path: Path, made: Signed, signing_key: SigningKey
) -> None:
    only("none")
    old = tmp_path / "bin" / "ssh-keygen"
    old.write_text("#!/bin/sh\necho 'unknown option -- Y' >&2\nexit 1\n")
    old.chmod(0o755)
    with pytest.raises(IntegrityError, match="nothing here can check"):
        require_signed(signing_key.public, made)


def test_without_a_place_for_temporary_files_the_tools_say_so(
    only: Only, made: Signed, signing_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("openssl")
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    with pytest.raises(IntegrityError, match="temporary files"):
        require_signed(signing_key.public, made)


@pytest.mark.parametrize("change", [{"signature": b"short"}, {"ssh_signature": b"garbage"}, {"ssh_signature": b""}])
def test_a_signature_that_is_none_is_refused(change: dict[str, bytes], made: Signed, signing_key: SigningKey) -> None:
    with pytest.raises(IntegrityError, match="damaged"):
        require_signed(signing_key.public, replace(made, **change))


def test_every_changed_byte_of_the_ssh_signature_is_refused(made: Signed, signing_key: SigningKey, only: Only) -> None:
    assert made.ssh_signature is not None
    for position in range(len(made.ssh_signature)):
        changed = bytearray(made.ssh_signature)
        changed[position] ^= 1
        try:
            found = signature_in(bytes(changed), signing_key.public, NAMESPACE)
        except ValueError:
            continue
        # Only the 64 bytes themselves are left for ssh-keygen to judge.
        assert found != signature_in(made.ssh_signature, signing_key.public, NAMESPACE)


def test_ssh_keygen_would_have_written_the_same(tmp_path: Path) -> None:
    from edgecomp.keys import open_key

    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "id"], check=True)
    (tmp_path / "message").write_bytes(MESSAGE)
    sign = ["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", tmp_path / "id", tmp_path / "message"]
    subprocess.run(sign, check=True, capture_output=True)
    made = open_key(tmp_path / "id").sign(MESSAGE, NAMESPACE)
    assert made.ssh_signature == (tmp_path / "message.sig").read_bytes()
