"""The folder of trusted keys: what was said last holds, and what is revoked stays so."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from edgecomp_runtime import InputError, IntegrityError
from edgecomp_runtime.bundle.public_key import PublicKey
from edgecomp_runtime.bundle.trust import TrustStore, add_key, read_trust_store, revoke_key
from edgecomp_runtime.places import home, trusted_keys

KEY = PublicKey(bytes(range(32)), "factory")
OTHER = PublicKey(bytes(32), "")


def _state(store: TrustStore) -> tuple[set[str], set[str]]:
    return set(store.keys), set(store.revoked)


def test_a_device_trusts_nobody_by_itself(device: Path) -> None:
    assert _state(read_trust_store()) == (set(), set())
    assert not device.exists()


def test_keys_are_added_and_stay(device: Path) -> None:
    add_key(KEY)
    add_key(OTHER)
    add_key(KEY)
    assert read_trust_store().keys == {KEY.fingerprint: KEY, OTHER.fingerprint: OTHER}
    assert trusted_keys() == device / "trusted"


def test_a_key_that_was_copied_there_by_hand_counts(device: Path) -> None:
    trusted_keys().mkdir(parents=True)
    (trusted_keys() / "factory.pub").write_text(KEY.to_openssh())
    assert read_trust_store().keys == {KEY.fingerprint: KEY}
    revoke_key(KEY.fingerprint)
    assert _state(read_trust_store()) == (set(), {KEY.fingerprint})
    assert not (trusted_keys() / "factory.pub").exists()


def test_a_revoked_key_stays_revoked_unless_that_is_said(device: Path) -> None:
    add_key(KEY)
    revoke_key(KEY.fingerprint)
    assert read_trust_store().revoked == {KEY.fingerprint: "factory"}
    with pytest.raises(InputError, match="was revoked"):
        add_key(KEY)
    (trusted_keys() / "again.pub").write_text(KEY.to_openssh())
    assert _state(read_trust_store()) == (set(), {KEY.fingerprint})
    add_key(KEY, despite_revocation=True)
    assert _state(read_trust_store()) == ({KEY.fingerprint}, set())


def test_a_key_can_be_revoked_before_it_is_known(device: Path) -> None:
    revoke_key(KEY.fingerprint)
    assert read_trust_store().revoked == {KEY.fingerprint: ""}
    with pytest.raises(InputError, match="was revoked"):
        add_key(KEY)


@pytest.mark.parametrize("text", ["", "SHA256:short", "factory", "MD5:aa:bb"])
def test_what_is_no_fingerprint_cannot_be_revoked(text: str, device: Path) -> None:
    with pytest.raises(InputError, match="fingerprint"):
        revoke_key(text)


@pytest.mark.parametrize("where", ["", "revoked"])
def test_a_file_that_is_no_key_stops_everything_until_it_is_gone(where: str, device: Path) -> None:
    add_key(KEY)
    place = trusted_keys() / where / "broken.pub"
    place.parent.mkdir(exist_ok=True)
    place.write_text("ssh-ed25519 AAAA")
    for action in (read_trust_store, lambda: add_key(OTHER), lambda: revoke_key(KEY.fingerprint)):
        with pytest.raises(IntegrityError, match=r"broken\.pub"):
            action()


@pytest.mark.parametrize("where", ["", "revoked"])
def test_a_folder_that_anybody_may_write_to_is_not_believed(where: str, device: Path) -> None:
    add_key(KEY)
    (trusted_keys() / where).mkdir(exist_ok=True)
    (trusted_keys() / where).chmod(0o777)
    with pytest.raises(IntegrityError, match="anybody may write"):
        read_trust_store()


@pytest.mark.parametrize("where", ["", "revoked"])
@pytest.mark.parametrize("fault", [PermissionError(errno.EACCES, "Permission denied"), OSError(errno.EIO, "I/O error")])
def test_a_folder_that_cannot_be_looked_into_is_not_taken_for_an_empty_one(
    where: str, fault: OSError, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_key(KEY)
    revoke_key(KEY.fingerprint)
    listdir = os.listdir

    def refused(folder: Path) -> list[str]:
        if folder == trusted_keys() / where:
            raise fault
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(IntegrityError, match="whom to trust"):
        read_trust_store()


def test_a_file_in_the_place_of_the_folder_is_told(device: Path) -> None:
    device.mkdir()
    trusted_keys().write_text("?")
    with pytest.raises(IntegrityError, match="whom to trust"):
        read_trust_store()


@pytest.mark.parametrize("step", ["mkdir", "fsync", "replace", "write"])
@pytest.mark.parametrize("action", ["add", "revoke"])
def test_a_full_disk_leaves_what_was_there(
    step: str, action: str, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if step != "mkdir":
        add_key(KEY)
    before = _state(read_trust_store())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr("edgecomp_runtime.storage._write_flushed", full)
        else:
            patch.setattr(os, step, full)
        with pytest.raises(InputError, match="No space left"):
            add_key(OTHER) if action == "add" else revoke_key(KEY.fingerprint)
    assert _state(read_trust_store()) == before
    assert not list(device.rglob("*.new"))


def test_a_revocation_that_was_cut_off_before_the_old_file_went_still_counts(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_key(KEY)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            revoke_key(KEY.fingerprint)
    assert _state(read_trust_store()) == (set(), {KEY.fingerprint})


def test_the_home_for_models_is_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGECOMP_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.setenv("EDGECOMP_HOME", "somewhere")
    with pytest.raises(InputError, match="absolute"):
        home()
    monkeypatch.delenv("EDGECOMP_HOME")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert home() == Path("/var/lib/edgecomp")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/pi")
    assert home() == Path("/home/pi/.local/share/edgecomp")
