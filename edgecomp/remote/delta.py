"""Sending a device only what differs from what it has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgecomp_runtime.bundle.manifest import Manifest
from edgecomp_runtime.bundle.read import is_bundle, read_bundle, read_manifest

from ..errors import InputError
from .device import Device
from .upload import Upload

_HAS = """
import sys
from edgecomp_runtime.install.bases import installed_files
from edgecomp_runtime.places import home
find = installed_files(home())
sys.exit(0 if all(find(one) is not None for one in sys.argv[1:]) else 3)
"""


@dataclass(frozen=True)
class Delta:
    """What is sent in a bundle's place to a device that has what it builds on.

    Args:
        upload: the delta bundle.
        needs: SHA-256 of the files that it builds on.
    """

    upload: Upload
    needs: tuple[str, ...]


def read_delta(path: Path, whole: Path) -> Delta:
    """Checks that a delta bundle gives what a whole one is.

    Args:
        path: the delta bundle.
        whole: the bundle that devices get which lack what it builds on.

    Raises:
        InputError: it is no delta bundle, or one of something else.
        IntegrityError: it is damaged.
    """
    if not is_bundle(path):
        raise InputError(f"{path}: is no bundle; `edgecomp bundle --delta-from` makes one that fits")
    delta, full = read_bundle(path).manifest, read_manifest(whole)
    if delta.base is None:
        raise InputError(f"{path}: is a whole bundle; --delta takes what `edgecomp bundle --delta-from` makes")
    if full.base is not None:
        raise InputError(f"{whole}: is a delta bundle itself; name the whole one, and this with --delta")
    if _release(delta) != _release(full):
        raise InputError(
            f"{path}: is not the same release as {whole}; make both from the same result with one --version"
        )
    needs = tuple(sorted({one.needed for one in delta.files if one.needed is not None}))
    return Delta(Upload.of_file(path, keep=True), needs)


def has_base(device: Device, delta: Delta) -> bool:
    """Whether a device has what a delta builds on; not, where that cannot be told."""
    return device.script(_HAS, *delta.needs, doing="looking for the version before").code == 0


def _release(manifest: Manifest) -> tuple[object, ...]:
    files = sorted((one.name, one.sha256) for one in manifest.files)
    return (manifest.name, manifest.version, manifest.key, files)
