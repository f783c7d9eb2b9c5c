"""Keys are made once, kept from others, and opened from all the forms that people have them in."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
from edgecomp_runtime.bundle.ed25519 import require_signed
from edgecomp_runtime.bundle.public_key import read_public_key

from edgecomp.errors import InputError
from edgecomp.keys import endorse, new_key, open_key
from edgecomp.keys import signing_key as keys_module
from edgecomp.keys.showing import show


def _run(*command: object) -> str:
    return subprocess.run([str(one) for one in command], check=True, capture_output=True, text=True).stdout


def test_a_new_key_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        private, public = new_key(tmp_path / "keys", "team")
    finally:
        os.umask(old)
    assert private.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert open_key(private).public == read_public_key(public)
    assert read_public_key(public).comment == "team"
    assert sorted(os.listdir(tmp_path / "keys")) == ["team.key", "team.pub"]


def test_openssl_opens_a_new_key(tmp_path: Path) -> None:
    private, public = new_key(tmp_path)
    assert _run("openssl", "pkey", "-in", private, "-pubout") == read_public_key(public).to_pem()


@pytest.mark.parametrize("name", ["signing.key", "signing.pub"])
def test_a_key_is_never_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(InputError, match="never overwritten"):
        new_key(tmp_path)
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "precious"


def test_two_who_make_the_same_key_at_once_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def second(source: Path, target: Path) -> None:
        target.write_text("the other's")
        link(source, target)

    monkeypatch.setattr(os, "link", second)
    with pytest.raises(InputError, match="exists already"):
        new_key(tmp_path)
    assert (tmp_path / "signing.key").read_text() == "the other's"
    assert os.listdir(tmp_path) == ["signing.key"]


@pytest.mark.parametrize("step", ["open", "fsync", "link"])
def test_a_full_disk_leaves_no_half_key(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(keys_module.os, step, full)
        with pytest.raises(InputError, match="No space left"):
            new_key(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["", "../key", "a/b", ".hidden", "a b"])
def test_a_name_that_is_a_path_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a name"):
        new_key(tmp_path, name)


def test_a_key_of_ssh_keygen_will_do_and_its_passphrase_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "id"
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-C", "me", "-f", path)
    assert open_key(path, lambda: "open sesame").public == read_public_key(tmp_path / "id.pub")
    with pytest.raises(InputError, match="passphrase"):
        open_key(path, lambda: "wrong")
    with pytest.raises(InputError, match="nobody to ask"):
        open_key(path)


def test_a_protected_key_of_openssl_will_do(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    _run("openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:sesame", "-out", path)
    assert open_key(path, lambda: "sesame").public.comment == "key"
    with pytest.raises(InputError, match="passphrase"):
        open_key(path, lambda: "wrong")


@pytest.mark.parametrize(("kind", "bits"), [("rsa", 1024), ("ecdsa", 256)])
def test_a_key_of_another_kind_is_refused(kind: str, bits: int, tmp_path: Path) -> None:
    _run("ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", tmp_path / "id")
    with pytest.raises(InputError, match="another kind"):
        open_key(tmp_path / "id")


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_private_key_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.key").write_bytes(content)
    with pytest.raises(InputError, match="no private key"):
        open_key(tmp_path / "x.key")
    with pytest.raises(InputError, match="cannot be read"):
        open_key(tmp_path / "none.key")
    with pytest.raises(InputError, match="no private key"):
        open_key(new_key(tmp_path)[1])


def test_the_same_message_is_signed_alike(tmp_path: Path) -> None:
    key = open_key(new_key(tmp_path)[0])
    assert key.sign(b"message", "edgecomp-bundle") == key.sign(b"message", "edgecomp-bundle")
    assert require_signed(key.public, key.sign(b"message", "edgecomp-bundle"))


def test_a_key_does_not_endorse_itself(tmp_path: Path) -> None:
    key = open_key(new_key(tmp_path)[0])
    with pytest.raises(InputError, match="itself"):
        endorse(key.public, key)


def test_every_file_of_a_key_shows_the_same_fingerprint(tmp_path: Path) -> None:
    private, public = new_key(tmp_path)
    shown = [show(path, open_key) for path in (private, public)]
    assert shown[0].fingerprint == shown[1].fingerprint == read_public_key(public).fingerprint
    assert [one.kind for one in shown] == ["private key", "public key"]
    assert shown[0].line + "\n" == public.read_text()
