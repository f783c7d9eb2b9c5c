"""Reads a bundle and takes it whole or not at all: every file must be what the manifest says.

The format is described in docs/bundle.md.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import numpy as np

from ..contract import Contract
from ..errors import InputError, IntegrityError
from .files import MAX_TOTAL_BYTES, BundleFiles, is_bundle, open_bundle_files
from .manifest import MANIFEST_FILE, SIGNATURE_FILE, FileEntry, GoldenEntry, Manifest, parse_manifest

__all__ = ["Bundle", "Goldens", "is_bundle", "parse_labels", "read_bundle", "read_manifest"]

LABELS_FILE = "labels.txt"

_MAX_MANIFEST_BYTES = 2**22


@dataclass(frozen=True)
class Goldens:
    """Golden samples: inputs and the outputs they must give.

    Args:
        inputs: for each input in the contract's order an array, samples first, in the tensor's stored dtype.
        outputs: likewise for each output.
    """

    inputs: tuple[np.ndarray, ...]
    outputs: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every file is what its manifest says.

    Args:
        path: where it came from.
        manifest: what it says about itself.
        manifest_bytes: the manifest as stored, which is what a signature signs.
        signature: the contents of `manifest.sig`, or None; not checked here.
        model: the bytes of the .tflite.
        labels: names of the classes, or empty.
        goldens: the golden samples, or None.
    """

    path: Path
    manifest: Manifest
    manifest_bytes: bytes
    signature: Optional[bytes]
    model: bytes
    labels: tuple[str, ...]
    goldens: Optional[Goldens]

    @property
    def contract(self) -> Contract:
        """Preprocessing and meaning of the outputs."""
        return self.manifest.contract


def read_manifest(path: Union[str, os.PathLike[str]]) -> Manifest:
    """Reads what a bundle says about itself, without reading or checking its other files.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError: there is no bundle at that path, or it is of a newer format.
        IntegrityError: the bundle is damaged or not safe to read.
    """
    with open_bundle_files(Path(path)) as files:
        return parse_manifest(_manifest_bytes(files, path))


def read_bundle(path: Union[str, os.PathLike[str]]) -> Bundle:
    """Reads a bundle and checks every file of it against the manifest.

    Args:
        path: a bundle's zip file or folder.

    Raises:
        InputError: there is no bundle at that path, or it is of a newer format.
        IntegrityError: a file is missing, is too many, or is not what the manifest says; or the bundle is not safe to
            read.
    """
    with open_bundle_files(Path(path)) as files:
        manifest_bytes = _manifest_bytes(files, path)
        manifest = parse_manifest(manifest_bytes)
        signature = _signature(files)
        contents = _checked_contents(files, manifest)
        return Bundle(
            path=Path(path),
            manifest=manifest,
            manifest_bytes=manifest_bytes,
            signature=signature,
            model=contents[manifest.model],
            labels=_labels(contents.get(LABELS_FILE), manifest.contract),
            goldens=_goldens(contents[manifest.golden.file], manifest.golden, manifest) if manifest.golden else None,
        )


def parse_labels(data: bytes) -> tuple[str, ...]:
    """Class names from a `labels.txt`: UTF-8, one a line, in the order of the classes.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    lines = [line.rstrip("\r") for line in data.decode("utf-8-sig").split("\n")]
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _manifest_bytes(files: BundleFiles, path: object) -> bytes:
    try:
        files.open(MANIFEST_FILE).close()
    except (KeyError, FileNotFoundError):
        raise InputError(f"{path}: is not a bundle (there is no {MANIFEST_FILE} in it)") from None
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:
        raise IntegrityError(f"{MANIFEST_FILE} cannot be read ({error})") from None
    return files.read(MANIFEST_FILE, _MAX_MANIFEST_BYTES)


def _signature(files: BundleFiles) -> Optional[bytes]:
    try:
        files.open(SIGNATURE_FILE).close()
    except (KeyError, FileNotFoundError):
        return None
    return files.read(SIGNATURE_FILE, _MAX_MANIFEST_BYTES)


def _checked_contents(files: BundleFiles, manifest: Manifest) -> dict[str, bytes]:
    listed = {one.name for one in manifest.files}
    strange = (files.names or frozenset()) - listed - {MANIFEST_FILE, SIGNATURE_FILE}
    if strange:
        raise IntegrityError(f"{min(strange)} is not listed in {MANIFEST_FILE}")
    if files.names is not None and listed - files.names:
        raise IntegrityError(f"{min(listed - files.names)} is missing")
    if sum(one.size for one in manifest.files) > MAX_TOTAL_BYTES:
        raise IntegrityError(f"{MANIFEST_FILE} lists more than {MAX_TOTAL_BYTES} bytes")
    needed = {manifest.model, LABELS_FILE} | ({manifest.golden.file} if manifest.golden else set())
    checked = ((one.name, _checked(files, one)) for one in manifest.files)
    return {name: data for name, data in checked if name in needed}


def _checked(files: BundleFiles, entry: FileEntry) -> bytes:
    data = files.read(entry.name, entry.size)
    if len(data) != entry.size:
        raise IntegrityError(f"{entry.name} has {len(data)} bytes, not the {entry.size} that {MANIFEST_FILE} lists")
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise IntegrityError(f"{entry.name} does not have the SHA-256 that {MANIFEST_FILE} lists")
    return data


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


def _goldens(data: bytes, entry: GoldenEntry, manifest: Manifest) -> Goldens:
    contract = manifest.contract
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(one.file_size for one in archive.infolist()) > MAX_TOTAL_BYTES:
                raise IntegrityError(f"{entry.file} unpacks to more than {MAX_TOTAL_BYTES} bytes")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            inputs = [arrays[f"input_{index}"] for index in range(len(contract.inputs))]
            outputs = [arrays[f"output_{index}"] for index in range(len(contract.outputs))]
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, OSError, NotImplementedError) as error:
        raise IntegrityError(f"{entry.file} holds no golden samples that can be read ({error})") from None
    _check_shapes(inputs, [one.shape for one in contract.inputs], entry)
    _check_shapes(outputs, [one.shape for one in contract.outputs], entry)
    return Goldens(tuple(inputs), tuple(outputs))


def _check_shapes(arrays: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]], entry: GoldenEntry) -> None:
    for array, shape in zip(arrays, shapes):
        if array.shape not in ((entry.samples, *shape[1:]), (entry.samples, *shape)):
            raise IntegrityError(
                f"{entry.file} holds an array of shape {list(array.shape)} where {entry.samples} samples of "
                f"{list(shape[1:])} should be"
            )
