"""An Ed25519 public key (RFC 8032), as a line of OpenSSH or as PEM; neither takes a library to read."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

KEY_BYTES = 32

_SSH_TYPE = b"ssh-ed25519"
_SSH_PREFIX = len(_SSH_TYPE).to_bytes(4, "big") + _SSH_TYPE + KEY_BYTES.to_bytes(4, "big")  # RFC 8709, section 4
_DER_PREFIX = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, section 10.1
_MAX_FILE_BYTES = 2**14


@dataclass(frozen=True)
class PublicKey:
    """A key that signatures are checked with.

    Args:
        raw: its 32 bytes.
        comment: what people call it; says nothing of who has the private half.
    """

    raw: bytes
    comment: str = ""

    @property
    def ssh_blob(self) -> bytes:
        """The key as OpenSSH encodes it."""
        return _SSH_PREFIX + self.raw

    @property
    def fingerprint(self) -> str:
        """`SHA256:…`, as `ssh-keygen -lf` shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.ssh_blob).digest()).decode().rstrip("=")

    def to_openssh(self) -> str:
        """The line of a `.pub` file, with its end."""
        return f"ssh-ed25519 {base64.b64encode(self.ssh_blob).decode()} {self.comment}".rstrip() + "\n"

    def to_pem(self) -> str:
        """The key as `openssl` reads it."""
        body = base64.b64encode(_DER_PREFIX + self.raw).decode()
        return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


def parse_public_key(text: str) -> PublicKey:
    """Reads a public key: a line of OpenSSH, or PEM.

    Raises:
        InputError: it is neither, or not of Ed25519.
    """
    if "PRIVATE KEY" in text:
        raise InputError("that is a private key; a device needs only the public one (.pub)")
    try:
        return _from_pem(text) if text.lstrip().startswith("-----BEGIN PUBLIC KEY") else _from_openssh(text)
    except (ValueError, binascii.Error):
        raise InputError("that is no Ed25519 public key (a line 'ssh-ed25519 …', or PEM)") from None


def read_public_key(path: Path) -> PublicKey:
    """Reads a public key's file.

    Raises:
        InputError: it cannot be read, or is no Ed25519 public key.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE_BYTES).decode("utf-8")
    except OSError as error:
        raise InputError(f"{path}: the key cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is no Ed25519 public key") from None
    try:
        return parse_public_key(text)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _from_openssh(text: str) -> PublicKey:
    kind, _, rest = " ".join(text.strip().split(None)).partition(" ")
    encoded, _, comment = rest.partition(" ")
    blob = base64.b64decode(encoded, validate=True)
    if kind != "ssh-ed25519" or len(text.strip().splitlines()) != 1 or not comment.isprintable():
        raise ValueError(text)
    return PublicKey(_after(_SSH_PREFIX, blob), comment)


def _from_pem(text: str) -> PublicKey:
    lines = text.strip().splitlines()
    if lines[0].strip() != "-----BEGIN PUBLIC KEY-----" or lines[-1].strip() != "-----END PUBLIC KEY-----":
        raise ValueError(text)
    return PublicKey(_after(_DER_PREFIX, base64.b64decode("".join(lines[1:-1]), validate=True)))


def _after(prefix: bytes, blob: bytes) -> bytes:
    if not blob.startswith(prefix) or len(blob) != len(prefix) + KEY_BYTES:
        raise ValueError("of another kind")
    return blob[len(prefix) :]
