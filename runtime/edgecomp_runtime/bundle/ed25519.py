"""Checks Ed25519 signatures with what the device has: the `cryptography` library, else `openssl`, else `ssh-keygen`."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..errors import IntegrityError
from .public_key import PublicKey
from .ssh_signature import SIGNATURE_BYTES, signature_in

_SECONDS = 60
_OPENSSL_VERSION = re.compile(r"OpenSSL (\d+)\.[0-9a-z.]+")
_SIGNER = "edgecomp"


@dataclass(frozen=True)
class Signed:
    """Something with its two signatures by one key; either vouches for the message.

    Args:
        message: what is vouched for.
        signature: Ed25519 of the message itself, which the library and `openssl` check; 64 bytes.
        ssh_signature: the same in OpenSSH's format, which `ssh-keygen` checks; None where it was not made.
        namespace: of the signature in OpenSSH's format.
    """

    message: bytes
    signature: bytes
    ssh_signature: Optional[bytes]
    namespace: str


def require_signed(key: PublicKey, signed: Signed) -> str:
    """Refuses what a key has not signed.

    Returns:
        what checked it, with its version where it says one.

    Raises:
        IntegrityError: a signature is wrong, or nothing here can check it.
    """
    if len(signed.signature) != SIGNATURE_BYTES:
        raise IntegrityError("the signature is damaged")
    if signed.ssh_signature is not None:
        try:
            signature_in(signed.ssh_signature, key, signed.namespace)
        except ValueError as error:
            raise IntegrityError(f"the signature for ssh-keygen is damaged ({error})") from None
    for check in (_with_library, _with_openssl, _with_ssh_keygen):
        tool = check(key, signed)
        if tool is not None:
            return tool
    raise IntegrityError(
        "nothing here can check the signature: install Python's cryptography, OpenSSL 3 or OpenSSH 8.1 or newer"
    )


# Each check returns what it is; None where it is not to be had here. Only a clear "no" ends the search.


def _with_library(key: PublicKey, signed: Signed) -> Optional[str]:
    try:
        import cryptography
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        public = Ed25519PublicKey.from_public_bytes(key.raw)
    except Exception:  # not installed, broken (a missing OpenSSL), or built without Ed25519
        return None
    try:
        public.verify(signed.signature, signed.message)
    except InvalidSignature:
        raise _wrong(key) from None
    return f"cryptography {cryptography.__version__}"


def _with_openssl(key: PublicKey, signed: Signed) -> Optional[str]:
    version = _output(["openssl", "version"])
    found = _OPENSSL_VERSION.match(version[1]) if version is not None else None
    if found is None or int(found[1]) < 3:  # -rawin, which Ed25519 needs, came with 3.0
        return None
    with _scratch("openssl") as folder:
        files = {"key": key.to_pem().encode(), "message": signed.message, "signature": signed.signature}
        paths = {name: _written(folder / name, content) for name, content in files.items()}
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-rawin", "-inkey", paths["key"]]
        result = _output([*command, "-in", paths["message"], "-sigfile", paths["signature"]])
    if result is None or (result[0] != 0 and "Signature Verification Failure" not in result[1]):
        return None
    if result[0] != 0:
        raise _wrong(key)
    return found[0]


def _with_ssh_keygen(key: PublicKey, signed: Signed) -> Optional[str]:
    if signed.ssh_signature is None:
        return None
    with _scratch("ssh-keygen") as folder:
        allowed = f'{_SIGNER} namespaces="{signed.namespace}" {key.to_openssh()}'
        signers = _written(folder / "signers", allowed.encode())
        signature = _written(folder / "signature", signed.ssh_signature)
        command = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", _SIGNER, "-n", signed.namespace, "-s", signature]
        result = _output(command, signed.message)
    if result is None or (result[0] != 0 and "verif" not in result[1].lower()):
        return None
    if result[0] != 0:
        raise _wrong(key)
    return "ssh-keygen"


def _wrong(key: PublicKey) -> IntegrityError:
    return IntegrityError(f"the signature is wrong: {key.fingerprint} has not signed this")


@contextmanager
def _scratch(tool: str) -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory()
    except OSError as error:
        raise IntegrityError(f"{tool} needs a folder for temporary files to check the signature ({error})") from None
    with folder:
        yield Path(folder.name)


def _written(path: Path, content: bytes) -> str:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise IntegrityError(
            f"no room for temporary files to check the signature ({error.strerror or error})"
        ) from None
    return str(path)


def _output(command: Sequence[str], given: bytes = b"") -> Optional[tuple[int, str]]:
    """Exit status and all that a command prints; None where it cannot be run."""
    try:
        done = subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.returncode, done.stdout.decode(errors="replace")
