"""The files of a bundle, from a zip file or from the folder it was unpacked into.

Whoever hands over a bundle may be careless or hostile: nothing is unpacked to disk, names, sizes and the number of
entries are checked before anything is read, and never more is read than was announced.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Optional

from ..errors import InputError, IntegrityError
from .canonical import CHUNK_BYTES, open_canonical, starts_canonically
from .limits import MAX_MANIFEST_BYTES
from .manifest import MANIFEST_FILE, Manifest, parse_manifest

DAMAGE = (zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What reading a damaged file may raise."""


@dataclass(frozen=True)
class BundleFiles:
    """An open bundle.

    Args:
        manifest: what it says about itself.
        manifest_bytes: the manifest as stored.
        names: of all entries of a zip; None for a folder, which may hold more than the bundle (it is never read).
        chunks: the contents of a file, piece by piece, by its name; FileNotFoundError where there is none.
    """

    manifest: Manifest
    manifest_bytes: bytes
    names: Optional[frozenset[str]]
    chunks: Callable[[str], Iterator[bytes]]

    def pieces(self, name: str, limit: int) -> Iterator[bytes]:
        """The contents of a file, piece by piece.

        Args:
            name: its name in the bundle.
            limit: the most bytes it may have.

        Raises:
            IntegrityError: it is missing, damaged or larger than `limit`.
        """
        return _limited(self.chunks, name, limit)

    def read(self, name: str, limit: int) -> bytes:
        """The contents of a file; see `pieces`."""
        return b"".join(self.pieces(name, limit))

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        if self.names is not None:
            return name in self.names
        try:
            next(self.chunks(name), None)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise IntegrityError(f"{name} cannot be read ({error})") from None
        return True


def is_bundle(path: Path) -> bool:
    """Whether a path looks like a bundle: a folder or zip file with a manifest, or a broken file called .zip.

    Other things are zip files too (a .keras model); what only was meant to be one is for the reader to complain about.
    """
    if path.is_dir():
        return (path / MANIFEST_FILE).is_file()
    try:
        with path.open("rb") as file:
            if starts_canonically(file) or path.suffix == ".zip":
                return True
            file.seek(0)
            return file.read(2) == b"PK" and _zip_has_manifest(file)
    except OSError:
        return False


@contextmanager
def open_bundle_files(path: Path) -> Iterator[BundleFiles]:
    """Opens a bundle for reading.

    Args:
        path: a zip file or a folder.

    Raises:
        InputError: there is nothing at that path, it cannot be read, or it is no bundle or one of a newer format.
        IntegrityError: the manifest or the zip is damaged, or has an entry that a bundle cannot have. (What is raised
            inside the `with` block gets the path in front.)
    """
    try:
        if path.is_dir():
            yield _folder(path)
        else:
            with _opened(path) as file:
                yield _zip(path, file)
    except IntegrityError as error:
        raise IntegrityError(f"{path}: {error}; nothing of it was used") from error


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _zip(path: Path, file: IO[bytes]) -> BundleFiles:
    found = open_canonical(file)
    if found is not None:
        return BundleFiles(found.manifest, found.manifest_bytes, frozenset(found.places), found.chunks)
    # Only bundles from before the canonical layout need the library, which takes longer to import than they to read.
    from .any_zip import open_any_zip

    file.seek(0)
    names, chunks = open_any_zip(file)
    files = _with_manifest(path, names, chunks)
    if files.manifest.canonical:
        raise IntegrityError(f"the zip is not laid out as its {MANIFEST_FILE} says")
    return files


def _folder(root: Path) -> BundleFiles:
    return _with_manifest(root, None, lambda name: _pieces(_open_in_folder(root, name)))


def _with_manifest(
    path: Path, names: Optional[frozenset[str]], chunks: Callable[[str], Iterator[bytes]]
) -> BundleFiles:
    if names is not None and MANIFEST_FILE not in names:
        raise InputError(f"{path}: is not a bundle (there is no {MANIFEST_FILE} in it); give a bundle.zip")
    if names is None and not os.path.lexists(path / MANIFEST_FILE):
        raise InputError(f"{path}: is not a bundle (there is no {MANIFEST_FILE} in it); give a bundle.zip")
    data = b"".join(_limited(chunks, MANIFEST_FILE, MAX_MANIFEST_BYTES))
    return BundleFiles(parse_manifest(data), data, names, chunks)


def _limited(chunks: Callable[[str], Iterator[bytes]], name: str, limit: int) -> Iterator[bytes]:
    size = 0
    try:
        for piece in chunks(name):
            size += len(piece)
            if size > limit:
                raise IntegrityError(f"{name} is larger than the {limit} bytes it may have")
            yield piece
    except FileNotFoundError:
        raise IntegrityError(f"{name} is missing") from None
    except DAMAGE as error:
        raise IntegrityError(f"{name} cannot be read ({error})") from None


def _open_in_folder(root: Path, name: str) -> IO[bytes]:
    # Only safe names come here, so that the path stays inside the folder as long as no part of it is a link.
    place = root
    for part in name.split("/"):
        place = place / part
        if place.is_symlink():
            raise IntegrityError(f"{name} is a link")
    if place.exists() and not place.is_file():
        raise IntegrityError(f"{name} is not a plain file")
    return place.open("rb")


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while True:
            piece = file.read(CHUNK_BYTES)
            if not piece:
                return
            yield piece


def _zip_has_manifest(file: IO[bytes]) -> bool:
    from .any_zip import has_entry

    return has_entry(file, MANIFEST_FILE)
