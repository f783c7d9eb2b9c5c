"""Reads a bundle, and only what its manifest vouches for: whole or not at all, or just what running it takes.

The format is described in docs/bundle.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

from ..contract import Contract
from ..errors import IntegrityError
from ..hashes import new_sha256
from .files import BundleFiles, is_bundle, open_bundle_files
from .limits import MAX_SIGNATURE_BYTES, MAX_TOTAL_BYTES
from .manifest import MANIFEST_FILE, OWN_FILES, SIGNATURE_FILE, SSH_SIGNATURE_FILE, FileEntry, Manifest

__all__ = ["Bundle", "is_bundle", "parse_labels", "read_bundle", "read_files", "read_manifest", "read_to_run"]

if TYPE_CHECKING:
    from .goldens import Goldens

LABELS_FILE = "labels.txt"


@dataclass(frozen=True)
class Bundle:
    """A bundle, of which everything that is here is what its manifest says.

    Args:
        path: where it came from.
        manifest: what it says about itself.
        manifest_bytes: the manifest as stored, which is what a signature signs.
        signature: the contents of `manifest.sig`, or None; not checked here.
        ssh_signature: the contents of `manifest.sshsig`, or None; not checked here.
        model: the bytes of the .tflite.
        labels: names of the classes, or empty.
    """

    path: Path
    manifest: Manifest
    manifest_bytes: bytes
    signature: Optional[bytes]
    ssh_signature: Optional[bytes]
    model: bytes
    labels: tuple[str, ...]

    @property
    def contract(self) -> Contract:
        """Preprocessing and meaning of the outputs."""
        return self.manifest.contract

    @cached_property
    def goldens(self) -> Optional[Goldens]:
        """The golden samples, or None; read when they are asked for, which running a model never does.

        Raises:
            InputError: the bundle is not there any more.
            IntegrityError: they are not what the manifest says, or not safe to read.
        """
        golden = self.manifest.golden
        entry = None if golden is None else self.manifest.entry(golden.file)
        if golden is None or entry is None:
            return None
        from .goldens import parse_goldens

        with open_bundle_files(self.path) as files:
            # Held against this manifest: another bundle may lie there by now, whose own says something else.
            return parse_goldens(b"".join(_checked(files, entry)), golden, self.contract)


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
        return _bundle(Path(path), files, files.manifest.files)


def read_to_run(path: Union[str, os.PathLike[str]]) -> Bundle:
    """Reads what it takes to run a bundle's model, and checks that against the manifest; the rest is not looked at.

    What else a bundle brings (packages for boards without a network, golden samples) is much larger than its model, and
    an application would read it at each start. `read_bundle` checks it all, when it is installed or verified.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError: there is no bundle at that path, or it is of a newer format.
        IntegrityError: one of these files is missing or is not what the manifest says; a zip's headers are not what
            they must be; or the bundle is not safe to read.
    """
    with open_bundle_files(Path(path)) as files:
        manifest = files.manifest
        return _bundle(Path(path), files, [one for one in manifest.files if one.name in (manifest.model, LABELS_FILE)])


def read_files(path: Union[str, os.PathLike[str]]) -> dict[str, bytes]:
    """Reads all files that a bundle's manifest lists, each checked against it.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError, IntegrityError: see `read_bundle`.
    """
    with open_bundle_files(Path(path)) as files:
        entries = files.manifest.files
        return _checked_contents(files, entries, {one.name for one in entries})


def parse_labels(data: bytes) -> tuple[str, ...]:
    """Class names from a `labels.txt`: UTF-8, one a line, in the order of the classes.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    lines = [line.rstrip("\r") for line in data.decode("utf-8-sig").split("\n")]
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _bundle(path: Path, files: BundleFiles, entries: Sequence[FileEntry]) -> Bundle:
    manifest = files.manifest
    contents = _checked_contents(files, entries, {manifest.model, LABELS_FILE})
    return Bundle(
        path=path,
        manifest=manifest,
        manifest_bytes=files.manifest_bytes,
        signature=_signature(files, SIGNATURE_FILE),
        ssh_signature=_signature(files, SSH_SIGNATURE_FILE),
        model=contents[manifest.model],
        labels=_labels(contents.get(LABELS_FILE), manifest.contract),
    )


def _signature(files: BundleFiles, name: str) -> Optional[bytes]:
    return files.read(name, MAX_SIGNATURE_BYTES) if files.has(name) else None


def _checked_contents(files: BundleFiles, entries: Sequence[FileEntry], kept: set[str]) -> dict[str, bytes]:
    """Checks the list of a bundle's files and the contents of some, and returns those of a few."""
    _check_list(files)
    contents = {}
    for one in entries:
        pieces = _checked(files, one)
        if one.name in kept:
            contents[one.name] = b"".join(pieces)
        else:
            for _ in pieces:
                pass
    return contents


def _check_list(files: BundleFiles) -> None:
    listed = {one.name for one in files.manifest.files}
    strange = (files.names or frozenset()) - listed - set(OWN_FILES)
    if strange:
        raise IntegrityError(f"{min(strange)} is not listed in {MANIFEST_FILE}")
    if files.names is not None and listed - files.names:
        raise IntegrityError(f"{min(listed - files.names)} is missing")
    if sum(one.size for one in files.manifest.files) > MAX_TOTAL_BYTES:
        raise IntegrityError(f"{MANIFEST_FILE} lists more than {MAX_TOTAL_BYTES} bytes")


def _checked(files: BundleFiles, entry: FileEntry) -> Iterator[bytes]:
    """The contents of a file; whoever takes all pieces has them checked."""
    digest, size = new_sha256(), 0
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
