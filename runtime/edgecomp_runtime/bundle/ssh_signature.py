"""OpenSSH's format of detached signatures, for Ed25519, so that `ssh-keygen` can check what was signed.

https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig describes it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import textwrap

from .public_key import PublicKey

SIGNATURE_BYTES = 64

_MAGIC = b"SSHSIG"
_FORMAT = (1).to_bytes(4, "big")
_HASH = b"sha512"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_COLUMNS = 70


def ssh_signed_data(message: bytes, namespace: str) -> bytes:
    """What the key signs.

    Args:
        message: what is vouched for.
        namespace: what for; a signature for one purpose is none for another.
    """
    hashed = hashlib.sha512(message).digest()
    return _MAGIC + _strings(namespace.encode(), b"", _HASH, hashed)


def armored(key: PublicKey, signature: bytes, namespace: str) -> bytes:
    """The signature's file, the same bytes that `ssh-keygen -Y sign` writes.

    Args:
        key: whose private half signed.
        signature: of `ssh_signed_data`; 64 bytes.
        namespace: see `ssh_signed_data`.
    """
    blob = _strings(b"ssh-ed25519", signature)
    fields = _strings(key.ssh_blob, namespace.encode(), b"", _HASH, blob)
    body = base64.b64encode(_MAGIC + _FORMAT + fields).decode()
    return "\n".join([_BEGIN, *textwrap.wrap(body, _COLUMNS), _END, ""]).encode()


def signature_in(file: bytes, key: PublicKey, namespace: str) -> bytes:
    """The 64 bytes in a signature's file.

    Raises:
        ValueError: it is not exactly what `armored` writes for that key and namespace.
    """
    try:
        lines = file.decode("ascii").splitlines()
        signature = base64.b64decode("".join(lines[1:-1]), validate=True)[-SIGNATURE_BYTES:]
    except (UnicodeDecodeError, binascii.Error):
        raise ValueError("it is no SSH signature") from None
    if file != armored(key, signature, namespace):
        raise ValueError("it is no SSH signature of that key for this purpose")
    return signature


def _strings(*values: bytes) -> bytes:
    return b"".join(len(value).to_bytes(4, "big") + value for value in values)
