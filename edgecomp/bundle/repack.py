"""A bundle made anew from one that exists: another version, a signature, more files; the model stays as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgecomp_runtime.bundle.manifest import Manifest
from edgecomp_runtime.bundle.read import read_bundle, read_files, read_forms

from .base import Base
from .seal import Release, seal

_DECIDED_HERE = (
    *("format", "layout", "files", "base", "version", "latency_limit_ms"),
    *("key", "endorsement", "signature"),
)


@dataclass(frozen=True)
class PackedModel:
    """What a bundle holds, apart from what belongs to a release.

    Args:
        manifest: as it was read.
        described: the manifest's keys that no release changes.
        files: contents by name.
        forms: transport forms in which it held files, by the names of these; without those that are deltas.
    """

    manifest: Manifest
    described: Mapping[str, Any]
    files: Mapping[str, bytes]
    forms: Mapping[str, bytes] = field(default_factory=dict)


def open_packed(path: Path) -> PackedModel:
    """Reads and checks a bundle to make another of it; its signature, if it has one, is not looked at.

    Args:
        path: a bundle's zip file or folder, or a folder of results with a `bundle.zip`.

    Raises:
        InputError: there is no bundle, or it is a delta, of which only devices have the rest.
        IntegrityError: it is damaged.
    """
    within = path / "bundle.zip"
    path = within if path.is_dir() and within.is_file() else path
    bundle = read_bundle(path)
    described = json.loads(bundle.manifest_bytes)
    return PackedModel(
        bundle.manifest,
        {key: value for key, value in described.items() if key not in _DECIDED_HERE},
        read_files(path),
        read_forms(path),
    )


def open_base(path: Path) -> Base:
    """Reads and checks the bundle that a delta shall build on.

    Args:
        path: see `open_packed`.

    Raises:
        InputError, IntegrityError: see `open_packed`.
    """
    packed = open_packed(path)
    return Base(packed.manifest, packed.files)


def repack(packed: PackedModel, release: Release, extra: Mapping[str, bytes] | None = None) -> bytes:
    """The bundle's bytes; the same for the same model, release and extra files, wherever and whenever it is made.

    Args:
        packed: see `open_packed`.
        release: version, limits and the key to sign with; what it leaves out, the bundle does not have.
        extra: files to put in, by name; they replace those of the same name.

    Raises:
        InputError: a file's name, or the number or size of all, is not what a bundle may have.
    """
    files = {**packed.files, **(extra or {})}
    known = {name: form for name, form in packed.forms.items() if files.get(name) is packed.files[name]}
    return seal(packed.described, files, release, known)
