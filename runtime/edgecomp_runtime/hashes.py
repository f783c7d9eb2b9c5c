"""SHA-256 without OpenSSL: hashlib loads that library, 3 MB of a small board's memory, to compute one function."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

_BLOCK_BYTES = 2**20


def new_sha256() -> Any:
    """A new SHA-256 object, with the `update`, `digest` and `hexdigest` of hashlib's.

    CPython's own module computes it, where there is one. Where OpenSSL has been loaded anyway (by `ssl`, say) it does:
    its code for the processor's own instructions is several times faster.
    """
    if "_hashlib" not in sys.modules:
        try:
            return import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256()
        except ImportError:  # other Pythons than CPython, and CPython built without it
            pass
    import hashlib

    return hashlib.sha256()


def sha256_of(data: Any) -> Any:
    """A SHA-256 object that has taken in some bytes."""
    digest = new_sha256()
    digest.update(data)
    return digest


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's contents, 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    digest = new_sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return str(digest.hexdigest())
