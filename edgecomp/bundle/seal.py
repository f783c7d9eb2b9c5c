"""Closing a bundle: compresses its files, writes the manifest, signs it, and lays out the zip that both allow."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp_runtime.bundle.endorsement import Endorsement
from edgecomp_runtime.bundle.limits import MAX_ENTRIES, MAX_TOTAL_BYTES
from edgecomp_runtime.bundle.manifest import (
    LAYOUT,
    MANIFEST_FILE,
    MAX_VERSION,
    OWN_FILES,
    RESTORED_FORMAT,
    SIGNATURE_FILE,
    SSH_SIGNATURE_FILE,
    parse_manifest,
)
from edgecomp_runtime.bundle.signature import BUNDLE_NAMESPACE
from edgecomp_runtime.bundle.zip_format import DEFLATED, STORED, ZipEntry, directory, local_header

from ..errors import InputError, IntegrityError
from ..keys import SigningKey
from .base import Base
from .coding import coded_forms
from .holding import HeldFile, hold, stored


@dataclass(frozen=True)
class Release:
    """What turns a packed model into one that is handed out.

    Args:
        version: counts the releases of a model; a device refuses a lower one than it has.
        latency_limit_ms: median latency above which a device does not install it, or None.
        sign: the key to sign with, or None.
        endorsement: an older key's word for that key, or None.
        base: the bundle that devices have, of which only what differs is handed out; None hands out everything.
    """

    version: int = 0
    latency_limit_ms: float | None = None
    sign: SigningKey | None = None
    endorsement: Endorsement | None = None
    base: Base | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.version <= MAX_VERSION:
            raise InputError(f"version {self.version} is not a whole number from 0 to {MAX_VERSION}")
        if self.latency_limit_ms is not None and not 0 < self.latency_limit_ms < float("inf"):
            raise InputError(f"a latency limit of {self.latency_limit_ms:g} ms is no limit; give a positive number")
        if self.endorsement is not None and (self.sign is None or self.endorsement.key.raw != self.sign.public.raw):
            raise InputError("the endorsement is not of the key that signs; name the key it was made for")


def seal(
    described: Mapping[str, Any],
    files: Mapping[str, bytes],
    release: Release,
    known: Mapping[str, bytes] | None = None,
) -> bytes:
    """The bundle's zip, of which every byte follows from what is given and the versions of zlib and liblzma.

    Args:
        described: the manifest, without what is decided here.
        files: contents by name.
        release: version, limits and the key.
        known: transport forms from before, by the names of the files that they are restored to; not made again.

    Raises:
        InputError: there are more files, or larger ones, than a bundle may have; or a delta has nothing of its base.
    """
    _check_limits(files)
    forms = coded_forms(described, files, release.base, known or {})
    held = {name: hold(name, files[name], forms) for name in sorted(files)}
    manifest = _manifest(described, {name: one.listed for name, one in held.items()}, release)
    own = {MANIFEST_FILE: manifest}
    if release.sign is not None:
        signed = release.sign.sign(manifest, BUNDLE_NAMESPACE)
        assert signed.ssh_signature is not None
        own |= {SIGNATURE_FILE: signed.signature, SSH_SIGNATURE_FILE: signed.ssh_signature}
    return _zip([*(stored(name, content) for name, content in own.items()), *held.values()])


def _manifest(described: Mapping[str, Any], listed: Mapping[str, Mapping[str, Any]], release: Release) -> bytes:
    smaller = any("transport" in one or "in_base" in one for one in listed.values())
    fields = {
        **described,
        "format": RESTORED_FORMAT if smaller else 1,  # the lowest that there is a reader for
        "layout": LAYOUT,
        "files": listed,
        "version": release.version,
        "latency_limit_ms": release.latency_limit_ms,
        "key": None if release.sign is None else release.sign.public.fingerprint,
        "endorsement": None if release.endorsement is None else release.endorsement.to_dict(),
    }
    if release.base is not None:
        if not any("in_base" in one or "base" in one.get("transport", {}) for one in listed.values()):
            raise InputError("the two bundles have nothing in common; hand out the full one, without --delta-from")
        fields["base"] = release.base.to_dict()
    written = json.dumps(fields, separators=(",", ":"), sort_keys=True, allow_nan=False).encode() + b"\n"
    try:
        parse_manifest(written)  # what a device would refuse is not written
    except IntegrityError as error:
        raise InputError(f"that cannot be a bundle: {error}") from None
    return written


def _check_limits(files: Mapping[str, bytes]) -> None:
    size = sum(map(len, files.values()))
    if size > MAX_TOTAL_BYTES:
        raise InputError(
            f"the files of the bundle have {size} bytes; a bundle may have {MAX_TOTAL_BYTES}; put less into it"
        )
    if len(files) > MAX_ENTRIES - len(OWN_FILES):
        raise InputError(
            f"the bundle would have {len(files)} files; it may have {MAX_ENTRIES - len(OWN_FILES)}; put less in"
        )


def _zip(files: Sequence[HeldFile]) -> bytes:
    entries, parts = [], []
    for one in files:
        if not one.entry:
            continue
        method = DEFLATED if one.deflated else STORED
        entry = ZipEntry(one.entry, method, zlib.crc32(one.content), len(one.stored), len(one.content))
        entries.append(entry)
        parts += [local_header(entry), one.stored]
    return b"".join([*parts, directory(entries)])
