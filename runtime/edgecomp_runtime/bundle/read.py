"""Reads a bundle and takes it whole or not at all: every file must be what the manifest says.

The format is described in docs/bundle.md.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

from ..contract import Contract
from ..errors import IntegrityError
from .files import BundleFiles, is_bundle, open_bundle_files
from .limits import MAX_SIGNATURE_BYTES, MAX_TOTAL_BYTES
from .manifest import MANIFEST_FILE, OWN_FILES, SIGNATURE_FILE, SSH_SIGNATURE_FILE, FileEntry, Manifest

__all__ = ["Bundle", "is_bundle", "parse_labels", "read_bundle", "read_files", "read_manifest"]

if TYPE_CHECKING:
    from .goldens import Goldens

LABELS_FILE = "labels.txt"


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every file is what its manifest says.

    Args:
        path: where it came from.
        manifest: what it says about itself.
        manifest_bytes: the manifest as stored, which is what a signature signs.
        signature: the contents of `manifest.sig`, or None; not checked here.
        ssh_signature: the contents of `manifest.sshsig`, or None; not checked here.
        model: the bytes of the .tflite.
        labels: names of the classes, or empty.
        golden_file: the contents of the file of golden samples, or None.
    """

    path: Path
    manifest: Manifest
    manifest_bytes: bytes
    signature: Optional[bytes]
    ssh_signature: Optional[bytes]
    model: bytes
    labels: tuple[str, ...]
    golden_file: Optional[bytes]

    @property
    def contract(self) -> Contract:
        """Preprocessing and meaning of the outputs."""
        return self.manifest.contract

    @cached_property
    def goldens(self) -> Optional[Goldens]:
        """The golden samples, or None; unpacked when they are asked for, which running a model never does.

        Raises:
            IntegrityError: they are not what the manifest says, or not safe to read.
        """
        if self.manifest.golden is None or self.golden_file is None:
            return None
        from .goldens import parse_goldens

        try:
            return parse_goldens(self.golden_file, self.manifest.golden, self.contract)
        except IntegrityError as error:
            raise IntegrityError(f"{self.path}: {error}; nothing of it was used") from error


def read_manifest(path: Union[str, os.PathLike[str]]) -> Manifest:
    """Reads what a bundle says about itself, without reading or checking its other files.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError: there is no bundle at that path, or it is of a newer format.
        IntegrityError: the bundle is damaged or not safe to read.
    """
    with open_bundle_files(Path(path)) as files:
        return files.manifest


def read_bundle(path: Union[str, os.PathLike[str]]) -> Bundle:
    """Reads a bundle and checks every file of it against the manifest; this needs no NumPy, which a bundle may bring.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError: there is no bundle at that path, or it is of a newer format.
        IntegrityError: a file is missing, is too many, or is not what the manifest says; or the bundle is not safe to
            read.
    """
    with open_bundle_files(Path(path)) as files:
        manifest = files.manifest
        golden = manifest.golden
        kept = {manifest.model, LABELS_FILE} | ({golden.file} if golden else set())
        contents = _checked_contents(files, kept)
        return Bundle(
            path=Path(path),
            manifest=manifest,
            manifest_bytes=files.manifest_bytes,
            signature=_signature(files, SIGNATURE_FILE),
            ssh_signature=_signature(files, SSH_SIGNATURE_FILE),
            model=contents[manifest.model],
            labels=_labels(contents.get(LABELS_FILE), manifest.contract),
            golden_file=contents[golden.file] if golden else None,
        )


def read_files(path: Union[str, os.PathLike[str]]) -> dict[str, bytes]:
    """Reads all files that a bundle's manifest lists, each checked against it.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError, IntegrityError: see `read_bundle`.
    """
    with open_bundle_files(Path(path)) as files:
        return _checked_contents(files, {one.name for one in files.manifest.files})


def parse_labels(data: bytes) -> tuple[str, ...]:
    """Class names from a `labels.txt`: UTF-8, one a line, in the order of the classes.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    lines = [line.rstrip("\r") for line in data.decode("utf-8-sig").split("\n")]
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _signature(files: BundleFiles, name: str) -> Optional[bytes]:
    return files.read(name, MAX_SIGNATURE_BYTES) if files.has(name) else None


def _checked_contents(files: BundleFiles, kept: set[str]) -> dict[str, bytes]:
    """Checks every file of a bundle, and returns the contents of some."""
    entries = files.manifest.files
    listed = {one.name for one in entries}
    strange = (files.names or frozenset()) - listed - set(OWN_FILES)
    if strange:
        raise IntegrityError(f"{min(strange)} is not listed in {MANIFEST_FILE}")
    if files.names is not None and listed - files.names:
        raise IntegrityError(f"{min(listed - files.names)} is missing")
    if sum(one.size for one in entries) > MAX_TOTAL_BYTES:
        raise IntegrityError(f"{MANIFEST_FILE} lists more than {MAX_TOTAL_BYTES} bytes")
    contents = {}
    for one in entries:
        pieces = _checked(files, one)
        if one.name in kept:
            contents[one.name] = b"".join(pieces)
        else:
            for _ in pieces:
                pass
    return contents


def _checked(files: BundleFiles, entry: FileEntry) -> Iterator[bytes]:
    """The contents of a file; whoever takes all pieces has them checked."""
    digest, size = hashlib.sha256(), 0
    for piece in files.pieces(entry.name, entry.size):
        digest.update(piece)
        size += len(piece)
        yield piece
    if size != entry.size:
        raise IntegrityError(f"{entry.name} has {size} bytes, not the {entry.size} that {MANIFEST_FILE} lists")
    if digest.hexdigest() != entry.sha256:
        raise IntegrityError(f"{entry.name} does not have the SHA-256 that {MANIFEST_FILE} lists")


def _labels(data: Optional[bytes], contract: Contract) -> tuple[str, ...]:
    known = next((one.labels for one in contract.outputs if one.labels), ())
    if data is None:
        return known
    try:
        labels = parse_labels(data)
    except UnicodeDecodeError:
        raise IntegrityError(f"{LABELS_FILE} is not UTF-8 text") from None
    if known and labels != known:
        raise IntegrityError(f"{LABELS_FILE} and the contract in {MANIFEST_FILE} name different classes")
    return labels
