"""A bundle's zip with every file in it as it is: what a device keeps of one that came in a smaller form.

The manifest, and with it the signature, is the same; it lays down every byte of this form, too.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import IntegrityError
from .canonical import CanonicalZip, open_canonical
from .files import BundleFiles
from .manifest import OWN_FILES, FileEntry
from .restore import FindFile, restored
from .zip_format import STORED, ZipEntry, directory, local_header


def restored_zip(path: Path, find: FindFile) -> Iterator[bytes]:
    """The zip, piece by piece. Restored files are checked; of the others it is the caller who has checked the bundle.

    Args:
        path: a bundle's zip file in the canonical layout.
        find: finds what an older bundle has, for a delta.

    Raises:
        InputError: an older bundle is needed and not there.
        IntegrityError: a file cannot be restored, or the zip is not what it was when it was checked.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        opened = open_canonical(file)
        if opened is None:
            raise IntegrityError(f"{path}: is not the bundle that was checked")
        files = BundleFiles(opened.manifest, opened.manifest_bytes, frozenset(opened.places), opened.chunks)
        written: list[ZipEntry] = []
        for name in (name for name in OWN_FILES if name in opened.places):
            yield from _as_it_came(opened, name, written)
        for entry in opened.manifest.files:
            if entry.name in opened.places:
                yield from _as_it_came(opened, entry.name, written)
            else:
                yield from _restored(files, entry, find, written)
        yield directory(written)


def _as_it_came(opened: CanonicalZip, name: str, written: list[ZipEntry]) -> Iterator[bytes]:
    entry = opened.places[name].entry
    written.append(entry)
    yield local_header(entry)
    yield from opened.stored(name)


def _restored(files: BundleFiles, entry: FileEntry, find: FindFile, written: list[ZipEntry]) -> Iterator[bytes]:
    content = restored(files, entry, find)
    written.append(ZipEntry(entry.name, STORED, zlib.crc32(content), len(content), len(content)))
    yield local_header(written[-1])
    yield content
