"""A bundle made anew from one that exists: another version, a signature, more files; the model stays as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecomp_runtime.bundle.manifest import Manifest
from edgecomp_runtime.bundle.read import read_bundle, read_files

from .seal import Release, seal

_DECIDED_HERE = ("signature", "files", "layout", "version", "latency_limit_ms", "key", "endorsement")


@dataclass(frozen=True)
class PackedModel:
    """What a bundle holds, apart from what belongs to a release.

    Args:
        manifest: as it was read.
        described: the manifest's keys that no release changes.
        files: contents by name.
    """

    manifest: Manifest
    described: Mapping[str, Any]
    files: Mapping[str, bytes]


def open_packed(path: Path) -> PackedModel:
    """Reads and checks a bundle to make another of it; its signature, if it has one, is not looked at.

    Args:
        path: a bundle's zip file or folder, or a folder of results with a `bundle.zip`.

    Raises:
        InputError: there is no bundle.
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
    )


def repack(packed: PackedModel, release: Release, extra: Mapping[str, bytes] | None = None) -> bytes:
    """The bundle's bytes; the same for the same model, release and extra files, wherever and whenever it is made.

    Args:
        packed: see `open_packed`.
        release: version, limits and the key to sign with; what it leaves out, the bundle does not have.
        extra: files to put in, by name; they replace those of the same name.

    Raises:
        InputError: a file's name, or the number or size of all, is not what a bundle may have.
    """
    return seal(packed.described, {**packed.files, **(extra or {})}, release)
