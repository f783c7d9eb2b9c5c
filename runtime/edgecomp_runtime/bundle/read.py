"""Reads a bundle, and only what its manifest vouches for: whole or not at all, or just what running it takes.

The format is described in docs/bundle.md.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

from ..contract import Contract
from ..errors import InputError, IntegrityError
from .files import BundleFiles, is_bundle, open_bundle_files
from .limits import MAX_SIGNATURE_BYTES, MAX_TOTAL_BYTES
from .manifest import MANIFEST_FILE, OWN_FILES, SIGNATURE_FILE, SSH_SIGNATURE_FILE, FileEntry, Manifest
from .restore import FindFile, from_form, held, nowhere, restored

__all__ = [
    "Bundle",
    "is_bundle",
    "parse_labels",
    "read_bundle",
    "read_files",
    "read_forms",
    "read_manifest",
    "read_to_run",
]

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
        labels: names of the classes, or empty.
        find: finds what an older bundle has, for a delta.
        smaller: names of the files that it holds in another form, or leaves to an older bundle.
        held_model: the bytes of the .tflite, or the form that it is restored from.
    """

    path: Path
    manifest: Manifest
    manifest_bytes: bytes
    signature: Optional[bytes]
    ssh_signature: Optional[bytes]
    labels: tuple[str, ...]
    find: FindFile
    smaller: frozenset[str]
    held_model: bytes

    @cached_property
    def model(self) -> bytes:
        """The bytes of the .tflite; restored when they are asked for, which takes NumPy.

        Raises:
            InputError: this is a delta, and the model that it is to was not found.
            IntegrityError: it is not restored to what the manifest says.
        """
        entry = self.manifest.entry(self.manifest.model)
        if entry is None or entry.name not in self.smaller:
            return self.held_model
        try:
            return from_form(self.manifest, entry, self.held_model, self.find)
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from error
        except IntegrityError as error:
            raise IntegrityError(f"{self.path}: {error}; nothing of it was used") from error

    @property
    def contract(self) -> Contract:
        """Preprocessing and meaning of the outputs."""
        return self.manifest.contract

    @cached_property
    def goldens(self) -> Optional[Goldens]:
        """The golden samples, or None; read when they are asked for, which running a model never does.

        Raises:
            InputError: the bundle is not there any more, or is a delta, and what it is to was not found.
            IntegrityError: they are not what the manifest says, or not safe to read.
        """
        golden = self.manifest.golden
        entry = None if golden is None else self.manifest.entry(golden.file)
        if golden is None or entry is None:
            return None
        from .goldens import parse_goldens

        with open_bundle_files(self.path) as files:
            # Held against this manifest: another bundle may lie there by now, whose own says something else.
            return parse_goldens(restored(files, entry, self.find), golden, self.contract)


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


def read_bundle(path: Union[str, os.PathLike[str]], find: FindFile = nowhere) -> Bundle:
    """Reads a bundle and checks every file of it against the manifest; this needs no NumPy, which a bundle may bring.

    Of files in their transport form it is the form that is checked here; what they are restored to, when that is done.

    Args:
        path: a bundle's zip file or folder.
        find: finds what an older bundle has, for a delta.

    Raises:
        InputError: there is no bundle at that path, or it is of a newer format.
        IntegrityError: a file is missing, is too many, or is not what the manifest says; or the bundle is not safe to
            read.
    """
    with open_bundle_files(Path(path)) as files:
        return _bundle(Path(path), files, files.manifest.files, find)


def read_to_run(path: Union[str, os.PathLike[str]]) -> Bundle:
    """Reads what it takes to run a bundle's model, and checks that against the manifest; the rest is not looked at.

    What else a bundle brings (packages for boards without a network, golden samples) is much larger than its model, and
    an application would read it at each start. `read_bundle` checks it all, when it is installed or verified.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError: there is no bundle at that path, or it is of a newer format.
        IntegrityError: one of these files is missing, is not what the manifest says or is not restored to that; a
            zip's headers are not what they must be; or the bundle is not safe to read.
    """
    with open_bundle_files(Path(path)) as files:
        taken = (files.manifest.model, LABELS_FILE)
        bundle = _bundle(Path(path), files, [one for one in files.manifest.files if one.name in taken], nowhere)
    # Restored now, so that the form it came in is not held beside it for as long as the model runs.
    return replace(bundle, held_model=bundle.model, smaller=bundle.smaller - {bundle.manifest.model})


def read_files(path: Union[str, os.PathLike[str]]) -> dict[str, bytes]:
    """Reads all files that a bundle's manifest lists, restored and checked against it.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError, IntegrityError: see `read_bundle`.
    """
    with open_bundle_files(Path(path)) as files:
        _check_list(files)
        return {one.name: restored(files, one, nowhere) for one in files.manifest.files}


def read_forms(path: Union[str, os.PathLike[str]]) -> dict[str, bytes]:
    """The transport forms that a bundle holds, by the names of the files that they are restored to; no deltas.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError, IntegrityError: see `read_bundle`.
    """
    with open_bundle_files(Path(path)) as files:
        coded = [one for one in files.manifest.files if one.transport is not None and one.transport.base is None]
        return {one.name: b"".join(held(files, one)) for one in coded if not files.has(one.name)}


def parse_labels(data: bytes) -> tuple[str, ...]:
    """Class names from a `labels.txt`: UTF-8, one a line, in the order of the classes.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    lines = [line.rstrip("\r") for line in data.decode("utf-8-sig").split("\n")]
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _bundle(path: Path, files: BundleFiles, entries: Sequence[FileEntry], find: FindFile) -> Bundle:
    manifest = files.manifest
    smaller = frozenset(one.name for one in manifest.files if one.restored and not files.has(one.name))
    contents = _checked_contents(files, entries, {manifest.model, LABELS_FILE})
    # Class names that are left to an older bundle are those of the contract, too.
    labels = None if LABELS_FILE in smaller else contents.get(LABELS_FILE)
    return Bundle(
        path=path,
        manifest=manifest,
        manifest_bytes=files.manifest_bytes,
        signature=_signature(files, SIGNATURE_FILE),
        ssh_signature=_signature(files, SSH_SIGNATURE_FILE),
        labels=_labels(labels, manifest.contract),
        find=find,
        smaller=smaller,
        held_model=contents[manifest.model],
    )


def _signature(files: BundleFiles, name: str) -> Optional[bytes]:
    return files.read(name, MAX_SIGNATURE_BYTES) if files.has(name) else None


def _checked_contents(files: BundleFiles, entries: Sequence[FileEntry], kept: set[str]) -> dict[str, bytes]:
    """Checks the list of a bundle's files and the contents of some, and returns those of a few."""
    _check_list(files)
    contents = {}
    for one in entries:
        pieces = held(files, one)
        if one.name in kept:
            contents[one.name] = b"".join(pieces)
        else:
            for _ in pieces:
                pass
    return contents


def _check_list(files: BundleFiles) -> None:
    if files.manifest.canonical and files.names is not None:
        return  # the layout allows no other
    listed = {one.name for one in files.manifest.files}
    strange = (files.names or frozenset()) - listed - set(OWN_FILES)
    if strange:
        raise IntegrityError(f"{min(strange)} is not listed in {MANIFEST_FILE}")
    if files.names is not None and listed - files.names:
        raise IntegrityError(f"{min(listed - files.names)} is missing")
    if sum(one.size for one in files.manifest.files) > MAX_TOTAL_BYTES:
        raise IntegrityError(f"{MANIFEST_FILE} lists more than {MAX_TOTAL_BYTES} bytes")


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
