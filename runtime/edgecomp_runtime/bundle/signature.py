"""Whether a bundle was signed by somebody whom this device trusts. The format is described in docs/bundle.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..errors import InputError, IntegrityError
from .ed25519 import Signed, require_signed
from .endorsement import check_endorsement, parse_endorsement
from .manifest import Manifest
from .public_key import PublicKey
from .read import Bundle
from .trust import TrustStore

BUNDLE_NAMESPACE = "edgecomp-bundle"


@dataclass(frozen=True)
class SignatureCheck:
    """What was found; there is one only for a bundle that may be used.

    Args:
        signed: False for an unsigned bundle that was allowed.
        fingerprint: of the key that signed it, `SHA256:…`; "" where nobody did.
        comment: what that key is called here.
        tool: what checked the signature, with its version: "cryptography …", "OpenSSL …" or "ssh-keygen".
        newly_endorsed: the key that signed it, where this device trusts it only because a key that it does trust
            endorses it. `trust.add_key` keeps it, once the bundle has proved itself.
    """

    signed: bool
    fingerprint: str = ""
    comment: str = ""
    tool: str = ""
    newly_endorsed: Optional[PublicKey] = None

    def __str__(self) -> str:
        if not self.signed:
            return "not signed"
        name = f" ({self.comment})" if self.comment else ""
        return f"signed by {self.fingerprint}{name}, checked with {self.tool}"

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data."""
        return {
            "signed": self.signed,
            "key": self.fingerprint or None,
            "comment": self.comment or None,
            "tool": self.tool or None,
            "newly_endorsed": self.newly_endorsed is not None,
        }


def check_signature(bundle: Bundle, trusted: TrustStore, *, allow_unsigned: bool = False) -> SignatureCheck:
    """Refuses a bundle that nobody trusted has signed.

    Args:
        bundle: as read: its files are what its manifest says, and the manifest is what is signed. Install these very
            bytes, not what a path may hold by then.
        trusted: see `trust.read_trust_store`.
        allow_unsigned: takes a bundle without a signature; never one whose signature is wrong.

    Raises:
        IntegrityError: it is not signed and that was not allowed; its key is unknown or revoked; the signature is
            wrong; or nothing is here that could check it.
    """
    manifest = bundle.manifest
    try:
        if manifest.key is None:
            return _unsigned(bundle, allow_unsigned)
        if bundle.signature is None:
            raise IntegrityError(f"the signature of {manifest.key} is missing")
        key, newly_endorsed = _signer(manifest, manifest.key, trusted)
        signed = Signed(bundle.manifest_bytes, bundle.signature, bundle.ssh_signature, BUNDLE_NAMESPACE)
        tool = require_signed(key, signed)
    except IntegrityError as error:
        raise IntegrityError(f"{bundle.path}: {error}; nothing of it was used") from None
    return SignatureCheck(True, key.fingerprint, key.comment, tool, key if newly_endorsed else None)


def _unsigned(bundle: Bundle, allowed: bool) -> SignatureCheck:
    if bundle.signature is not None or bundle.ssh_signature is not None:
        raise IntegrityError("it has a signature, and its manifest names no key that signed it")
    if not allowed:
        raise IntegrityError("it is not signed; sign it (edgecomp bundle --sign KEY), or say --allow-unsigned")
    return SignatureCheck(signed=False)


def _signer(manifest: Manifest, fingerprint: str, trusted: TrustStore) -> tuple[PublicKey, bool]:
    """The key that signed it, and whether only an endorsement speaks for it."""
    if fingerprint in trusted.revoked:
        raise IntegrityError(f"it is signed by {fingerprint}, which was revoked on this device")
    if fingerprint in trusted.keys:
        return trusted.keys[fingerprint], False
    if manifest.endorsement is None:
        raise IntegrityError(
            f"it is signed by {fingerprint}, which this device does not trust (edgecomp-runtime trust add KEY.pub)"
        )
    try:
        endorsement = parse_endorsement(manifest.endorsement)
    except InputError:
        raise IntegrityError("its endorsement is damaged") from None
    if endorsement.key.fingerprint != fingerprint:
        raise IntegrityError(f"its endorsement is not of {fingerprint}, which signed it")
    check_endorsement(endorsement, trusted)
    return endorsement.key, True
