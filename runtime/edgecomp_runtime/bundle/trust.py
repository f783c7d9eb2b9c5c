"""The keys that a device trusts: one folder of public keys, and in it a folder of those it trusts no more.

trusted/*.pub            a key whose bundles are taken; may as well be copied there by hand
trusted/revoked/*.pub    a key, or a fingerprint, whose bundles are refused, whatever the folder above says
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..errors import InputError, IntegrityError
from ..places import trusted_keys
from ..storage import flush_folder, make_folder, replace_file
from .manifest import is_fingerprint
from .public_key import PublicKey, read_public_key

_REVOKED = "revoked"


@dataclass(frozen=True)
class TrustStore:
    """What was trusted at the time of reading.

    Args:
        folder: where it was read from.
        keys: trusted keys, by fingerprint; none of them is revoked.
        revoked: fingerprints of revoked keys, and what they were called.
    """

    folder: Path
    keys: Mapping[str, PublicKey]
    revoked: Mapping[str, str]


def read_trust_store(folder: Optional[Path] = None) -> TrustStore:
    """Reads the trusted and revoked keys; a folder that does not exist holds none.

    Args:
        folder: None takes this device's.

    Raises:
        IntegrityError: a file in it is no key, or anybody may write to it: then nobody knows what is trusted.
    """
    folder = trusted_keys() if folder is None else folder
    revoked = dict(_read_revoked(path) for path in _key_files(folder / _REVOKED))
    keys = [_read_key(path) for path in _key_files(folder)]
    return TrustStore(folder, {key.fingerprint: key for key in keys if key.fingerprint not in revoked}, revoked)


def add_key(key: PublicKey, folder: Optional[Path] = None, *, despite_revocation: bool = False) -> None:
    """Trusts a key from now on.

    Args:
        key: the key.
        folder: None takes this device's.
        despite_revocation: trusts it although it was revoked.

    Raises:
        InputError: it was revoked, or the folder cannot be written.
        IntegrityError: see `read_trust_store`.
    """
    store = read_trust_store(folder)
    if key.fingerprint in store.revoked and not despite_revocation:
        raise InputError(f"{key.fingerprint} was revoked; if it is to be trusted again, say --despite-revocation")
    _write(store.folder / _file_name(key.fingerprint), key.to_openssh())
    if key.fingerprint in store.revoked:
        _remove(store.folder / _REVOKED, key.fingerprint)


def revoke_key(fingerprint: str, folder: Optional[Path] = None) -> None:
    """Trusts a key no more, whether or not it is known here.

    Args:
        fingerprint: of the key, `SHA256:…`.
        folder: None takes this device's.

    Raises:
        InputError: that is no fingerprint, or the folder cannot be written.
        IntegrityError: see `read_trust_store`.
    """
    if not is_fingerprint(fingerprint):
        raise InputError(
            f"{fingerprint!r} is no fingerprint of a key (SHA256:…); `edgecomp-runtime trust list` shows them"
        )
    store = read_trust_store(folder)
    known = store.keys.get(fingerprint)
    _write(
        store.folder / _REVOKED / _file_name(fingerprint),
        known.to_openssh() if known is not None else f"{fingerprint}\n",
    )
    _remove(store.folder, fingerprint)


def _key_files(folder: Path) -> list[Path]:
    """The keys' files in a folder; one that cannot be looked into is not taken for an empty one."""
    try:
        if folder.stat().st_mode & stat.S_IWOTH:
            raise IntegrityError(f"anybody may write to {folder}, and so trust any key; run chmod o-w on it")
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise IntegrityError(f"{folder}: whom to trust cannot be read ({error.strerror or error})") from None
    return [folder / name for name in names if name.endswith(".pub") and not name.startswith(".")]


def _read_key(path: Path) -> PublicKey:
    try:
        return read_public_key(path)
    except InputError as error:
        raise IntegrityError(f"{error}; remove it or put the right one there") from None


def _read_revoked(path: Path) -> tuple[str, str]:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if is_fingerprint(text):
        return text, ""
    key = _read_key(path)
    return key.fingerprint, key.comment


def _file_name(fingerprint: str) -> str:
    return fingerprint.replace("SHA256:", "").replace("/", "_").replace("+", "-") + ".pub"


def _remove(folder: Path, fingerprint: str) -> None:
    """Removes every file that holds the key, whatever it is called."""
    try:
        for path in _key_files(folder):
            if _read_revoked(path)[0] == fingerprint:
                path.unlink()
        if folder.is_dir():
            flush_folder(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from None


def _write(path: Path, text: str) -> None:
    try:
        make_folder(path.parent)
        replace_file(path, text.encode())
    except OSError as error:
        raise InputError(f"{path.parent}: cannot be written ({error.strerror or error})") from None
