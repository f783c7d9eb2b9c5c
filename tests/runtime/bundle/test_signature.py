"""A bundle comes in only with the word of somebody whom the device trusts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from edgecomp_runtime import IntegrityError
from edgecomp_runtime.bundle.read import read_bundle
from edgecomp_runtime.bundle.signature import SignatureCheck, check_signature
from edgecomp_runtime.bundle.trust import add_key, read_trust_store, revoke_key

from edgecomp.bundle.seal import Release, seal
from edgecomp.keys import SigningKey, endorse, new_key, open_key

from .conftest import DESCRIBED, FILES, lay_out, taken_apart, with_manifest

Sealed = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("device")


def _check(path: Path, allow_unsigned: bool = False) -> SignatureCheck:
    return check_signature(read_bundle(path), read_trust_store(), allow_unsigned=allow_unsigned)


def test_a_trusted_keys_bundle_is_taken_and_says_who_signed_it(sealed: Sealed, signing_key: SigningKey) -> None:
    add_key(signing_key.public)
    found = _check(sealed(sign=signing_key))
    assert (found.signed, found.fingerprint, found.comment) == (True, signing_key.public.fingerprint, "factory")
    assert found.newly_endorsed is None
    assert found.tool in str(found)
    assert found.to_dict()["key"] == signing_key.public.fingerprint


def test_an_unsigned_bundle_is_taken_only_when_that_is_said(sealed: Sealed) -> None:
    with pytest.raises(IntegrityError, match="--allow-unsigned"):
        _check(sealed())
    found = _check(sealed(), allow_unsigned=True)
    assert not found.signed
    assert found.to_dict() == {"signed": False, "key": None, "comment": None, "tool": None, "newly_endorsed": False}


@pytest.mark.parametrize("allow_unsigned", [False, True])
def test_an_unknown_key_is_refused(
    sealed: Sealed, signing_key: SigningKey, other_key: SigningKey, allow_unsigned: bool
) -> None:
    add_key(signing_key.public)
    with pytest.raises(IntegrityError, match=r"does not trust \(edgecomp-runtime trust add"):
        _check(sealed(sign=other_key), allow_unsigned)


@pytest.mark.parametrize("allow_unsigned", [False, True])
def test_a_revoked_key_is_refused(sealed: Sealed, signing_key: SigningKey, allow_unsigned: bool) -> None:
    add_key(signing_key.public)
    revoke_key(signing_key.public.fingerprint)
    with pytest.raises(IntegrityError, match="was revoked"):
        _check(sealed(sign=signing_key), allow_unsigned)


@pytest.mark.parametrize("allow_unsigned", [False, True])
def test_the_signature_of_another_bundle_is_refused(
    sealed: Sealed, signing_key: SigningKey, allow_unsigned: bool, write: Callable[[bytes], Path]
) -> None:
    add_key(signing_key.public)
    old = taken_apart(sealed(sign=signing_key, version=1).read_bytes())
    new = taken_apart(sealed(sign=signing_key, version=2).read_bytes())
    with pytest.raises(IntegrityError, match="signature is wrong"):
        _check(write(lay_out([new[0], *old[1:]])), allow_unsigned)


def test_a_stranger_cannot_claim_a_trusted_key(
    sealed: Sealed, signing_key: SigningKey, other_key: SigningKey, write: Callable[[bytes], Path]
) -> None:
    add_key(signing_key.public)
    forged = with_manifest(
        sealed(sign=other_key).read_bytes(), lambda manifest: manifest.update(key=signing_key.public.fingerprint)
    )
    with pytest.raises(IntegrityError, match=r"damaged|wrong"):
        _check(write(forged))


def test_a_signature_beside_a_manifest_that_names_no_key_is_refused(
    sealed: Sealed, signing_key: SigningKey, tmp_path: Path
) -> None:
    add_key(signing_key.public)
    folder = tmp_path / "unpacked"
    for one in taken_apart(sealed().read_bytes()):
        (folder / one.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / one.name).write_bytes(one.content)
    (folder / "manifest.sig").write_bytes(bytes(64))
    with pytest.raises(IntegrityError, match="names no key"):
        _check(folder, allow_unsigned=True)


def test_a_signature_that_was_taken_away_is_missed(sealed: Sealed, signing_key: SigningKey, tmp_path: Path) -> None:
    add_key(signing_key.public)
    folder = tmp_path / "unpacked"
    for one in taken_apart(sealed(sign=signing_key).read_bytes()):
        if not one.name.startswith("manifest.s"):
            (folder / one.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / one.name).write_bytes(one.content)
    with pytest.raises(IntegrityError, match="is missing"):
        _check(folder, allow_unsigned=True)


def test_a_new_key_comes_with_the_old_keys_word(sealed: Sealed, signing_key: SigningKey, other_key: SigningKey) -> None:
    add_key(signing_key.public)
    path = sealed(sign=other_key, endorsement=endorse(other_key.public, signing_key))
    assert _check(path).newly_endorsed == other_key.public
    add_key(other_key.public)
    assert _check(path).newly_endorsed is None


@pytest.mark.parametrize("revoked", ["old", "new"])
def test_a_revoked_key_neither_endorses_nor_is_endorsed(
    sealed: Sealed, signing_key: SigningKey, other_key: SigningKey, revoked: str
) -> None:
    add_key(signing_key.public)
    path = sealed(sign=other_key, endorsement=endorse(other_key.public, signing_key))
    revoke_key((signing_key if revoked == "old" else other_key).public.fingerprint)
    with pytest.raises(IntegrityError, match="was revoked"):
        _check(path)


def test_an_endorsement_by_a_stranger_is_worth_nothing(
    sealed: Sealed, signing_key: SigningKey, other_key: SigningKey
) -> None:
    path = sealed(sign=other_key, endorsement=endorse(other_key.public, signing_key))
    with pytest.raises(IntegrityError, match="does not trust"):
        _check(path)


@pytest.mark.parametrize("changed", ["key", "by", "signature", "ssh_signature", "more"])
def test_an_endorsement_that_was_changed_is_refused(
    sealed: Sealed, signing_key: SigningKey, other_key: SigningKey, changed: str
) -> None:
    add_key(signing_key.public)
    raw = endorse(other_key.public, signing_key).to_dict()
    wrong = {
        "key": signing_key.public.to_openssh().strip(),
        "by": other_key.public.fingerprint,
        "signature": "A" * 86 + "==",
        "ssh_signature": "",
        "more": "?",
    }
    whole = seal(DESCRIBED, FILES, Release(sign=other_key))
    manifest = taken_apart(with_manifest(whole, lambda read: read.update(endorsement={**raw, changed: wrong[changed]})))
    signed = other_key.sign(manifest[0].content, "edgecomp-bundle")
    contents = {"manifest.sig": signed.signature, "manifest.sshsig": signed.ssh_signature}
    path = sealed()
    path.write_bytes(lay_out(replace(one, content=contents.get(one.name) or one.content) for one in manifest))
    with pytest.raises(IntegrityError):
        _check(path)


def test_the_commands_in_the_documentation_check_a_bundle_by_hand(sealed: Sealed, tmp_path: Path) -> None:
    private = new_key(tmp_path)[0]
    for one in taken_apart(sealed(sign=open_key(private)).read_bytes()):
        if one.name.startswith("manifest"):
            (tmp_path / one.name).write_bytes(one.content)
    page = (Path(__file__).parents[3] / "docs" / "bundle.md").read_text(encoding="utf-8")
    commands = page.split("```sh")[1].split("```")[0]
    done = subprocess.run(["sh", "-e", "-c", commands], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Signature Verified Successfully" in done.stdout
    assert 'Good "edgecomp-bundle" signature' in done.stdout
    (tmp_path / "manifest.json").write_bytes(b"{}")
    assert subprocess.run(["sh", "-e", "-c", commands], cwd=tmp_path, capture_output=True).returncode != 0
