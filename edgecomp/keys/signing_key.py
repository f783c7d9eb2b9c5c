"""The private half of an Ed25519 key: made once, kept in a file that nobody else can read, and used to sign."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgecomp_runtime.bundle.ed25519 import Signed
from edgecomp_runtime.bundle.public_key import PublicKey, read_public_key
from edgecomp_runtime.bundle.ssh_signature import armored, ssh_signed_data

from ..errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_SUFFIX, PUBLIC_SUFFIX = ".key", ".pub"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]*")


@dataclass(frozen=True)
class SigningKey:
    """A key that can sign.

    Args:
        private: the private half.
        public: what devices know it by.
    """

    private: Ed25519PrivateKey
    public: PublicKey

    def sign(self, message: bytes, namespace: str) -> Signed:
        """Signs a message, once for each tool that a device may have to check it. The same message, the same bytes.

        Args:
            message: what to vouch for.
            namespace: what for.
        """
        ssh = armored(self.public, self.private.sign(ssh_signed_data(message, namespace)), namespace)
        return Signed(message, self.private.sign(message), ssh, namespace)


def new_key(folder: Path, name: str = "signing") -> tuple[Path, Path]:
    """Makes a key, and two files of it, neither of which takes the place of another.

    Args:
        folder: made where it does not exist.
        name: of the files, and what the key is called.

    Returns:
        the private key (`NAME.key`: PKCS #8 in PEM, readable by its owner only) and the public one (`NAME.pub`: a line
        of OpenSSH).

    Raises:
        InputError: there are files of that name, or they cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a name for a key; use letters, digits, dots, dashes and underscores")
    paths = folder / (name + PRIVATE_SUFFIX), folder / (name + PUBLIC_SUFFIX)
    private = Ed25519PrivateKey.generate()
    public = PublicKey(private.public_key().public_bytes_raw(), name)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in paths:
            if os.path.lexists(path):
                raise FileExistsError(None, "exists already", str(path))
        _write_new(paths[0], pem, mode=0o600)
        _write_new(paths[1], public.to_openssh().encode(), mode=0o644)
    except FileExistsError as error:
        raise InputError(
            f"{error.filename} exists already, and a key is never overwritten; choose another --name or --out"
        ) from None
    except OSError as error:
        raise InputError(f"no key can be written to {folder} ({error.strerror or error})") from None
    return paths


def open_key(path: Path, passphrase: Callable[[], str] | None = None) -> SigningKey:
    """Opens a private key: PKCS #8 in PEM, or one of `ssh-keygen -t ed25519`.

    Args:
        path: its file. What the key is called is read from the public key beside it, where there is one.
        passphrase: asks for the passphrase of a key that is protected by one.

    Raises:
        InputError: it cannot be read, is no Ed25519 private key, or the passphrase is missing or wrong.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the key cannot be read ({error.strerror or error})") from None
    private = _loaded(path, data, passphrase)
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(f"{path}: is a key of another kind than Ed25519; make one with `edgecomp keys new`")
    return SigningKey(private, PublicKey(private.public_key().public_bytes_raw(), _comment(path, private)))


def _loaded(path: Path, data: bytes, passphrase: Callable[[], str] | None) -> object:
    """The key in a file; asks for a passphrase only where there has to be one."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    if b"PRIVATE KEY-----" not in data:
        raise InputError(f"{path}: is no private key; signing takes the one that `edgecomp keys new` calls .key")
    load = load_ssh_private_key if b"BEGIN OPENSSH" in data else load_pem_private_key
    try:
        return load(data, None)
    except TypeError:  # it is protected
        pass
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: is no private key that can be read ({error})") from None
    if passphrase is None:
        raise InputError(f"{path}: is protected by a passphrase, and there is nobody to ask for it")
    try:
        return load(data, passphrase().encode())
    except (ValueError, TypeError):
        raise InputError(f"{path}: the passphrase is wrong, or the key is damaged") from None
    except UnsupportedAlgorithm as error:
        raise InputError(f"{path}: its protection cannot be undone here ({error})") from None


def _comment(path: Path, private: Ed25519PrivateKey) -> str:
    beside = path.with_suffix(PUBLIC_SUFFIX) if path.suffix == PRIVATE_SUFFIX else Path(f"{path}{PUBLIC_SUFFIX}")
    try:
        public = read_public_key(beside)
    except InputError:
        return path.stem
    return public.comment if public.raw == private.public_key().public_bytes_raw() else path.stem


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Writes a file that no other had the name of, as a whole or not at all; nobody ever sees more than `mode` allows.

    Raises:
        OSError: there is one already, or it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    finally:
        partial.unlink()
