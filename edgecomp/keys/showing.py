"""What a file has to say of a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgecomp_runtime.bundle.endorsement import read_endorsement
from edgecomp_runtime.bundle.public_key import PublicKey, read_public_key
from edgecomp_runtime.bundle.read import is_bundle, read_manifest

from ..errors import InputError
from .signing_key import SigningKey


@dataclass(frozen=True)
class ShownKey:
    """The public half of a key, and where it came from.

    Args:
        kind: "private key", "public key", "endorsement of" or "bundle signed by".
        fingerprint: `SHA256:…`.
        comment: what it is called; "" where the file does not say.
        line: the key as a line of OpenSSH; "" where the file has only the fingerprint.
        endorsed_by: fingerprint of the key that vouches for it; "" where none does.
    """

    kind: str
    fingerprint: str
    comment: str = ""
    line: str = ""
    endorsed_by: str = ""

    def to_dict(self) -> dict[str, str | None]:
        """The same as JSON-ready data; what the file does not say is null."""
        return {name: value or None for name, value in vars(self).items()}


def show(path: Path, open_private: Callable[[Path], SigningKey | None]) -> ShownKey:
    """Reads whichever kind of file it is. Nothing is checked: this shows what the file claims.

    Args:
        path: a private or public key, an endorsement, or a bundle.
        open_private: opens a private key.

    Raises:
        InputError: it is none of these, or an unsigned bundle.
        IntegrityError: it is a damaged bundle.
    """
    if is_bundle(path):
        return _of_bundle(path)
    try:
        with path.open("rb") as file:
            start = file.read(2**14)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    if b"PRIVATE KEY-----" in start:
        opened = open_private(path)
        assert opened is not None
        return _of_key("private key", opened.public)
    if start.lstrip().startswith(b"{"):
        endorsement = read_endorsement(path)
        return _of_key("endorsement of", endorsement.key, endorsement.by)
    return _of_key("public key", read_public_key(path))


def _of_bundle(path: Path) -> ShownKey:
    manifest = read_manifest(path)
    if manifest.key is None:
        raise InputError(f"{path}: is a bundle that is not signed")
    by = (manifest.endorsement or {}).get("by", "")
    return ShownKey("bundle signed by", manifest.key, endorsed_by=str(by))


def _of_key(kind: str, key: PublicKey, by: str = "") -> ShownKey:
    return ShownKey(kind, key.fingerprint, key.comment, key.to_openssh().rstrip("\n"), by)
