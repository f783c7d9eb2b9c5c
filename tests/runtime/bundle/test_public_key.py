"""Public keys are read as OpenSSH and OpenSSL write them, and nothing else is taken for one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from edgecomp_runtime import InputError
from edgecomp_runtime.bundle.public_key import PublicKey, parse_public_key, read_public_key
from hypothesis import given
from hypothesis import strategies as st


def _run(*command: object) -> str:
    return subprocess.run([str(one) for one in command], check=True, capture_output=True, text=True).stdout


def test_a_key_of_ssh_keygen_has_the_fingerprint_that_ssh_keygen_shows(tmp_path: Path) -> None:
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "the factory's key", "-f", tmp_path / "id")
    key = read_public_key(tmp_path / "id.pub")
    assert key.comment == "the factory's key"
    assert key.fingerprint in _run("ssh-keygen", "-lf", tmp_path / "id.pub")
    assert key.to_openssh() == (tmp_path / "id.pub").read_text()


def test_a_key_of_openssl_is_read_and_written_alike(tmp_path: Path) -> None:
    _run("openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "private.pem")
    pem = _run("openssl", "pkey", "-in", tmp_path / "private.pem", "-pubout")
    assert parse_public_key(pem).to_pem() == pem
    with pytest.raises(InputError, match="private key"):
        read_public_key(tmp_path / "private.pem")


@given(st.binary(min_size=32, max_size=32), st.from_regex(r"([a-z@.-]+( [a-z]+)?)?", fullmatch=True))
def test_every_key_survives_both_forms(raw: bytes, comment: str) -> None:
    key = PublicKey(raw, comment)
    assert parse_public_key(key.to_openssh()) == key
    assert parse_public_key(key.to_pem()) == PublicKey(raw)


@given(st.text(max_size=200) | st.text(max_size=40).map(lambda text: f"ssh-ed25519 {text}"))
def test_other_text_is_no_key(text: str) -> None:
    with pytest.raises(InputError):
        parse_public_key(text)


@pytest.mark.parametrize(("kind", "bits"), [("rsa", 1024), ("ecdsa", 256)])
def test_a_key_of_another_kind_is_refused(kind: str, bits: int, tmp_path: Path) -> None:
    _run("ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", tmp_path / "id")
    with pytest.raises(InputError, match="no Ed25519 public key"):
        read_public_key(tmp_path / "id.pub")


def test_two_keys_in_one_file_are_refused() -> None:
    with pytest.raises(InputError):
        parse_public_key(PublicKey(bytes(32)).to_openssh() + PublicKey(bytes(range(32))).to_openssh())


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_public_key(tmp_path / "none.pub")
    (tmp_path / "binary.pub").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="no Ed25519 public key"):
        read_public_key(tmp_path / "binary.pub")
