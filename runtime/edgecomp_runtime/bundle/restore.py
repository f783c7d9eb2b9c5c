"""The contents of a bundle's files, whatever form the bundle holds them in: each checked against the manifest.

A file is held as it is, or as its transport form (docs/transport.md), or not at all where an older bundle has the same
file. This is the only place that knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Optional

from ..errors import InputError, IntegrityError
from ..hashes import new_sha256, sha256_of
from .files import BundleFiles
from .manifest import MANIFEST_FILE, FileEntry, Manifest

FindFile = Callable[[str], Optional[bytes]]
"""Finds the contents of a file by its SHA-256 among older bundles; None where none has it."""


def nowhere(_: str) -> Optional[bytes]:
    """A `FindFile` for where there are no older bundles."""
    return None


def held(files: BundleFiles, entry: FileEntry) -> Iterator[bytes]:
    """What a bundle holds of a file, piece by piece; whoever takes all pieces has them checked.

    Args:
        files: the bundle.
        entry: the file.

    Returns:
        its contents, or its transport form; nothing where it is left to an older bundle.

    Raises:
        IntegrityError: it is missing, damaged, or not what the manifest says.
    """
    if _as_it_is(files, entry):
        return _checked(files, entry.name, entry.sha256, entry.size)
    if entry.transport is not None:
        return _checked(files, entry.transport.file, entry.transport.sha256, entry.transport.size)
    return iter(())


def restored(files: BundleFiles, entry: FileEntry, find: FindFile) -> bytes:
    """The contents of a file.

    Args:
        files: the bundle.
        entry: the file.
        find: finds what an older bundle has.

    Raises:
        InputError: an older bundle is needed and not there, or this package is too old for the form.
        IntegrityError: it is missing, damaged, or not what the manifest says.
    """
    found = b"".join(held(files, entry))
    return found if _as_it_is(files, entry) else from_form(files.manifest, entry, found, find)


def from_form(manifest: Manifest, entry: FileEntry, form: bytes, find: FindFile) -> bytes:
    """The contents of a file that was sent in another form.

    Args:
        manifest: of the bundle.
        entry: the file; it is `restored`.
        form: its transport form, or nothing where it is left to an older bundle.
        find: finds what an older bundle has.

    Raises:
        InputError: see `restored`.
        IntegrityError: what comes out is not what the manifest says.
    """
    base = None if entry.needed is None else find(entry.needed)
    if entry.needed is not None and base is None:
        raise InputError(needs_base(manifest))
    if entry.transport is None:
        content = base or b""
    else:
        from ..transport import decode  # needs NumPy, which a bundle may bring

        content = decode(form, base=base, max_bytes=entry.size)
    if len(content) != entry.size or sha256_of(content).hexdigest() != entry.sha256:
        raise IntegrityError(f"{entry.name} is not restored to what {MANIFEST_FILE} lists (its SHA-256 is another)")
    return content


def needs_base(manifest: Manifest) -> str:
    """Why a delta bundle is of no use where its base is not, and what to do."""
    if manifest.base is None:  # another bundle lies there by now than the one whose files are asked for
        return "the bundle was replaced while it was read; read it again"
    return (
        f"the bundle holds only what differs from version {manifest.base.version} of {manifest.base.name} (its model: "
        f"{manifest.base.sha256[:12]}…); install it where that version is installed, or take the full bundle"
    )


def _as_it_is(files: BundleFiles, entry: FileEntry) -> bool:
    return not entry.restored or files.has(entry.name)


def _checked(files: BundleFiles, name: str, sha256: str, limit: int) -> Iterator[bytes]:
    digest, size = new_sha256(), 0
    for piece in files.pieces(name, limit):
        digest.update(piece)
        size += len(piece)
        yield piece
    if size != limit:
        raise IntegrityError(f"{name} has {size} bytes, not the {limit} that {MANIFEST_FILE} lists")
    if digest.hexdigest() != sha256:
        raise IntegrityError(f"{name} does not have the SHA-256 that {MANIFEST_FILE} lists")
