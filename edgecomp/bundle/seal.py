"""Closing a bundle: compresses its files, writes the manifest, signs it, and lays out the zip that both allow."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp_runtime.bundle.endorsement import Endorsement
from edgecomp_runtime.bundle.limits import MAX_ENTRIES, MAX_TOTAL_BYTES, unpacks_to_too_much
from edgecomp_runtime.bundle.manifest import (
    LAYOUT,
    MANIFEST_FILE,
    MAX_VERSION,
    OWN_FILES,
    SIGNATURE_FILE,
    SSH_SIGNATURE_FILE,
    parse_manifest,
)
from edgecomp_runtime.bundle.signature import BUNDLE_NAMESPACE
from edgecomp_runtime.bundle.zip_format import DEFLATED, STORED, ZipEntry, directory, local_header

from ..errors import InputError, IntegrityError
from ..keys import SigningKey

_WORTH_PACKING = 0.95
"""Compressed to more than this share of its size, a file is stored: every load would unpack it again."""


@dataclass(frozen=True)
class Release:
    """What turns a packed model into one that is handed out.

    Args:
        version: counts the releases of a model; a device refuses a lower one than it has.
        latency_limit_ms: median latency above which a device does not install it, or None.
        sign: the key to sign with, or None.
        endorsement: an older key's word for that key, or None.
    """

    version: int = 0
    latency_limit_ms: float | None = None
    sign: SigningKey | None = None
    endorsement: Endorsement | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.version <= MAX_VERSION:
            raise InputError(f"version {self.version} is not a whole number from 0 to {MAX_VERSION}")
        if self.latency_limit_ms is not None and not 0 < self.latency_limit_ms < float("inf"):
            raise InputError(f"a latency limit of {self.latency_limit_ms:g} ms is no limit; give a positive number")
        if self.endorsement is not None and (self.sign is None or self.endorsement.key.raw != self.sign.public.raw):
            raise InputError("the endorsement is not of the key that signs; name the key it was made for")


@dataclass(frozen=True)
class _PackedFile:
    content: bytes
    stored: bytes

    @property
    def deflated(self) -> bool:
        return self.stored is not self.content

    def listed(self) -> dict[str, Any]:
        """What the manifest says of it."""
        entry: dict[str, Any] = _digest(self.content)
        return {**entry, "packed": _digest(self.stored)} if self.deflated else entry


def seal(described: Mapping[str, Any], files: Mapping[str, bytes], release: Release) -> bytes:
    """The bundle's zip, of which every byte follows from what is given and the version of zlib.

    Args:
        described: the manifest, without what is decided here.
        files: contents by name.
        release: version, limits and the key.

    Raises:
        InputError: there are more files, or larger ones, than a bundle may have.
    """
    _check_limits(files)
    packed = {name: _packed(files[name]) for name in sorted(files)}
    manifest = _manifest(described, packed, release)
    own = {MANIFEST_FILE: manifest}
    if release.sign is not None:
        signed = release.sign.sign(manifest, BUNDLE_NAMESPACE)
        assert signed.ssh_signature is not None
        own |= {SIGNATURE_FILE: signed.signature, SSH_SIGNATURE_FILE: signed.ssh_signature}
    return _zip({name: _PackedFile(content, content) for name, content in own.items()} | packed)


def _manifest(described: Mapping[str, Any], packed: Mapping[str, _PackedFile], release: Release) -> bytes:
    fields = {
        **described,
        "layout": LAYOUT,
        "files": {name: one.listed() for name, one in packed.items()},
        "version": release.version,
        "latency_limit_ms": release.latency_limit_ms,
        "key": None if release.sign is None else release.sign.public.fingerprint,
        "endorsement": None if release.endorsement is None else release.endorsement.to_dict(),
    }
    written = json.dumps(fields, indent=1, sort_keys=True, allow_nan=False).encode() + b"\n"
    try:
        parse_manifest(written)  # what a device would refuse is not written
    except IntegrityError as error:
        raise InputError(f"that cannot be a bundle: {error}") from None
    return written


def _packed(content: bytes) -> _PackedFile:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    stored = deflate.compress(content) + deflate.flush()
    if len(stored) > _WORTH_PACKING * len(content) or unpacks_to_too_much(len(stored), len(content)):
        return _PackedFile(content, content)
    return _PackedFile(content, stored)


def _check_limits(files: Mapping[str, bytes]) -> None:
    size = sum(map(len, files.values()))
    if size > MAX_TOTAL_BYTES:
        raise InputError(f"the files of the bundle have {size} bytes; a bundle may have {MAX_TOTAL_BYTES}")
    if len(files) > MAX_ENTRIES - len(OWN_FILES):
        raise InputError(f"the bundle would have {len(files)} files; it may have {MAX_ENTRIES - len(OWN_FILES)}")


def _zip(files: Mapping[str, _PackedFile]) -> bytes:
    entries, parts = [], []
    for name, one in files.items():
        method = DEFLATED if one.deflated else STORED
        entry = ZipEntry(name, method, zlib.crc32(one.content), len(one.stored), len(one.content))
        entries.append(entry)
        parts += [local_header(entry), one.stored]
    return b"".join([*parts, directory(entries)])


def _digest(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
