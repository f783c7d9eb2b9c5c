"""A new key that an older one vouches for, so that devices which trust the older one take the new one too."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, IntegrityError
from .ed25519 import Signed, require_signed
from .manifest import is_fingerprint
from .public_key import PublicKey, parse_public_key
from .trust import TrustStore

ENDORSEMENT_NAMESPACE = "edgecomp-key"
_MAX_FILE_BYTES = 2**14


@dataclass(frozen=True)
class Endorsement:
    """One key's word for another.

    Args:
        key: the new key.
        by: fingerprint of the key that vouches for it.
        signature: Ed25519 of `endorsed_message`; 64 bytes.
        ssh_signature: the same in OpenSSH's format.
    """

    key: PublicKey
    by: str
    signature: bytes
    ssh_signature: bytes

    def to_dict(self) -> dict[str, str]:
        """The endorsement as JSON-ready data."""
        return {
            "key": self.key.to_openssh().rstrip("\n"),
            "by": self.by,
            "signature": base64.b64encode(self.signature).decode(),
            "ssh_signature": base64.b64encode(self.ssh_signature).decode(),
        }


def endorsed_message(key: PublicKey) -> bytes:
    """What is signed to endorse a key; no manifest of a bundle starts like this."""
    return b"edgecomp endorses " + key.to_openssh().encode()


def parse_endorsement(raw: Mapping[str, Any]) -> Endorsement:
    """Reads an endorsement from JSON's data.

    Raises:
        InputError: it is none.
    """
    try:
        found = Endorsement(
            parse_public_key(raw["key"]),
            raw["by"],
            base64.b64decode(raw["signature"], validate=True),
            base64.b64decode(raw["ssh_signature"], validate=True),
        )
        if not is_fingerprint(found.by) or found.to_dict() != dict(raw):
            raise ValueError(raw)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise InputError("that is no endorsement of a key; `edgecomp keys endorse` makes one") from None
    return found


def read_endorsement(path: Path) -> Endorsement:
    """Reads an endorsement's file, which `edgecomp keys endorse` writes.

    Raises:
        InputError: it cannot be read, or is none.
    """
    try:
        with path.open("rb") as file:
            return parse_endorsement(json.loads(file.read(_MAX_FILE_BYTES)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError, InputError):
        raise InputError(f"{path}: is no endorsement of a key; `edgecomp keys endorse` makes one") from None


def check_endorsement(endorsement: Endorsement, trusted: TrustStore) -> str:
    """Refuses a key that nobody trusted vouches for.

    Returns:
        what checked the signature.

    Raises:
        IntegrityError: the new key was revoked; the key that vouches for it is unknown or revoked; or the signature is
            wrong.
    """
    fingerprint, by = endorsement.key.fingerprint, endorsement.by
    if fingerprint in trusted.revoked:
        raise IntegrityError(f"{fingerprint} was revoked on this device")
    if by in trusted.revoked:
        raise IntegrityError(f"{fingerprint} is endorsed by {by}, which was revoked on this device")
    if by not in trusted.keys:
        raise IntegrityError(f"{fingerprint} is endorsed by {by}, which this device does not trust")
    message = endorsed_message(endorsement.key)
    signed = Signed(message, endorsement.signature, endorsement.ssh_signature, ENDORSEMENT_NAMESPACE)
    return require_signed(trusted.keys[by], signed)
