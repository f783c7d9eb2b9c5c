"""Installing signed bundles with real keys: who is trusted, who no more, and how a new key comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.bundle.trust import add_key, read_trust_store, revoke_key
from edgecomp_runtime.cli import main
from edgecomp_runtime.errors import IntegrityError
from edgecomp_runtime.install.installing import install, rollback
from edgecomp_runtime.install.status import status

from edgecomp.bundle import BundleContents, Release, pack_bundle
from edgecomp.keys import SigningKey, endorse, new_key, open_key

from .test_pack import contents

__all__ = ["contents"]

Signed = Callable[..., Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGECOMP_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def signed(contents: BundleContents, tmp_path: Path) -> Signed:
    """Writes a bundle: `signed(key, version=1)`."""

    def write(key: SigningKey | None, version: int = 0, of: BundleContents = contents, **release: object) -> Path:
        path = tmp_path / f"bundle{version}.zip"
        path.write_bytes(pack_bundle(of, Release(version=version, sign=key, **release)))  # type: ignore[arg-type]
        return path

    return write


def new_signer(folder: Path, name: str) -> SigningKey:
    return open_key(new_key(folder, name)[0])


def version() -> int:
    (found,) = status("conv")
    assert found.state is not None
    assert not found.damage
    return found.state.current.version


def test_a_bundle_of_a_trusted_key_is_installed_and_its_key_told(signed: Signed, key: SigningKey) -> None:
    add_key(key.public)
    done = install(signed(key, 1))
    assert done.state.current.key == key.public.fingerprint
    assert done.signature is not None
    assert done.signature.signed
    assert version() == 1


def test_a_stranger_is_refused_and_the_model_stays(signed: Signed, key: SigningKey, tmp_path: Path) -> None:
    add_key(key.public)
    install(signed(key, 1))
    stranger = new_signer(tmp_path, "stranger")
    assert main(["install", str(signed(stranger, 2)), "--allow-unsigned"]) == 5
    assert version() == 1


def test_a_revoked_key_is_refused_and_the_model_stays(signed: Signed, key: SigningKey) -> None:
    add_key(key.public)
    install(signed(key, 1))
    revoke_key(key.public.fingerprint)
    with pytest.raises(IntegrityError, match="revoked"):
        install(signed(key, 2))
    assert version() == 1


def test_nobody_goes_back_to_a_bundle_whose_key_was_revoked(signed: Signed, key: SigningKey, tmp_path: Path) -> None:
    successor = new_signer(tmp_path, "successor")
    for one, number in ((key, 1), (successor, 2)):
        add_key(one.public)
        install(signed(one, number))
    revoke_key(key.public.fingerprint)
    with pytest.raises(IntegrityError, match="revoked"):
        rollback("conv")
    assert version() == 2


def test_an_unsigned_bundle_does_not_replace_a_signed_one_unasked(signed: Signed, key: SigningKey) -> None:
    add_key(key.public)
    install(signed(key, 1))
    assert main(["install", str(signed(None, 2))]) == 5
    assert version() == 1


def test_an_older_bundle_is_refused_though_it_is_signed(signed: Signed, key: SigningKey) -> None:
    add_key(key.public)
    install(signed(key, 5))
    assert main(["install", str(signed(key, 4))]) == 5
    assert version() == 5
    assert main(["install", str(signed(key, 4)), "--allow-downgrade"]) == 0
    assert version() == 4


def test_a_key_that_a_trusted_one_endorses_is_trusted_once_its_bundle_is_installed(
    signed: Signed, key: SigningKey, tmp_path: Path
) -> None:
    add_key(key.public)
    successor = new_signer(tmp_path, "successor")
    install(signed(successor, 1, endorsement=endorse(successor.public, key)))
    assert successor.public.fingerprint in read_trust_store().keys
    install(signed(successor, 2))
    assert version() == 2


def test_a_bundle_that_fails_here_brings_no_new_key(
    signed: Signed, key: SigningKey, contents: BundleContents, tmp_path: Path
) -> None:
    add_key(key.public)
    successor = new_signer(tmp_path, "successor")
    wrong = tuple(np.where(one > 0, one - 1, one + 1).astype(one.dtype) for one in contents.goldens.outputs)
    failing = replace(contents, goldens=replace(contents.goldens, outputs=wrong))
    with pytest.raises(IntegrityError, match="does not compute here"):
        install(signed(successor, 1, of=failing, endorsement=endorse(successor.public, key)))
    assert successor.public.fingerprint not in read_trust_store().keys
