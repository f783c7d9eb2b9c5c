"""The zip of a bundle with the canonical layout: its manifest lays down every byte of it, and every byte is checked.

The order of the entries, their headers and the directory follow from the manifest and the contents' CRC-32; compressed
contents have a SHA-256 of their own. What deviates anywhere, even without a consequence, is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Optional

from ..errors import IntegrityError
from ..hashes import new_sha256
from .limits import MAX_MANIFEST_BYTES, MAX_SIGNATURE_BYTES
from .manifest import MANIFEST_FILE, SIGNATURE_FILE, SSH_SIGNATURE_FILE, FileEntry, Manifest, parse_manifest
from .zip_format import DEFLATED, STORED, ZipEntry, directory, header_fields, header_size, local_header

CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class _Place:
    entry: ZipEntry
    offset: int
    packed_sha256: Optional[str]


@dataclass(frozen=True)
class CanonicalZip:
    """A bundle's zip whose headers and directory are what they must be.

    Args:
        manifest: what it says about itself.
        manifest_bytes: the manifest as stored.
        file: open for reading.
        places: where each entry's contents are.
    """

    manifest: Manifest
    manifest_bytes: bytes
    file: IO[bytes]
    places: Mapping[str, _Place]

    def chunks(self, name: str) -> Iterator[bytes]:
        """The contents of an entry, piece by piece; whoever takes them all has them checked.

        Raises:
            FileNotFoundError: there is no such entry.
            IntegrityError: the contents are not what the headers and the manifest say.
        """
        if name not in self.places:
            raise FileNotFoundError(name)
        place = self.places[name]
        crc, size = 0, 0
        for piece in self._unpacked(name, place):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            if size > place.entry.size:
                raise IntegrityError(f"{name} is larger than its {place.entry.size} bytes")
            yield piece
        if (crc, size) != (place.entry.crc, place.entry.size):
            raise IntegrityError(f"{name} is damaged (its CRC-32 is another)")

    def stored(self, name: str) -> Iterator[bytes]:
        """The bytes of an entry as they are in the zip, deflated or not, piece by piece; nothing is checked.

        Raises:
            IntegrityError: the file is cut short.
        """
        return self._stored(self.places[name])

    def _unpacked(self, name: str, place: _Place) -> Iterator[bytes]:
        if place.packed_sha256 is None:
            yield from self._stored(place)
            return
        digest, inflate = new_sha256(), zlib.decompressobj(-zlib.MAX_WBITS)
        for piece in self._stored(place):
            digest.update(piece)
            while piece:
                if inflate.eof:
                    raise IntegrityError(f"{name} has something behind its end")
                yield inflate.decompress(piece, CHUNK_BYTES)
                piece = inflate.unconsumed_tail or inflate.unused_data
        if not inflate.eof or digest.hexdigest() != place.packed_sha256:
            raise IntegrityError(f"{name} is not compressed as {MANIFEST_FILE} says (its SHA-256 is another)")

    def _stored(self, place: _Place) -> Iterator[bytes]:
        left = place.entry.packed_size
        self.file.seek(place.offset)
        while left:
            piece = self.file.read(min(left, CHUNK_BYTES))
            if not piece:
                raise IntegrityError("the file is cut short")
            left -= len(piece)
            yield piece


def open_canonical(file: IO[bytes]) -> Optional[CanonicalZip]:
    """Reads the manifest and checks all headers against it.

    Args:
        file: open for reading, at its start.

    Returns:
        None where the file does not claim this layout: a bundle from before there was one, or something else.

    Raises:
        InputError: the bundle is of a newer format.
        IntegrityError: it claims the layout and does not have it, or the manifest is damaged.
    """
    manifest_entry = _manifest_entry(file)
    if manifest_entry is None:
        return None
    data = file.read(manifest_entry.size)
    if len(data) != manifest_entry.size or zlib.crc32(data) != manifest_entry.crc:
        raise IntegrityError(f"{MANIFEST_FILE} is damaged (its CRC-32 is another)")
    manifest = parse_manifest(data)
    if not manifest.canonical:
        return None
    places = {MANIFEST_FILE: _Place(manifest_entry, header_size(MANIFEST_FILE), None)}
    for name in (SIGNATURE_FILE, SSH_SIGNATURE_FILE) if manifest.key is not None else ():
        places[name] = _signature_place(file, name)
    places.update(_file_places(file, manifest.files))
    wanted = directory([place.entry for place in places.values()])
    if file.read(len(wanted) + 1) != wanted:
        raise IntegrityError(f"what stands behind the last file is not the directory that {MANIFEST_FILE} lays down")
    return CanonicalZip(manifest, data, file, places)


def starts_canonically(file: IO[bytes]) -> bool:
    """Whether a file starts as a bundle does that may have this layout; a look at its first bytes is enough."""
    return _manifest_entry(file) is not None


def _manifest_entry(file: IO[bytes]) -> Optional[ZipEntry]:
    header = file.read(header_size(MANIFEST_FILE))
    if len(header) != header_size(MANIFEST_FILE):
        return None
    crc, _, size = header_fields(header)
    entry = ZipEntry(MANIFEST_FILE, STORED, crc, size, size)
    return entry if header == local_header(entry) and size <= MAX_MANIFEST_BYTES else None


def _signature_place(file: IO[bytes], name: str) -> _Place:
    header = file.read(header_size(name))
    crc, _, size = header_fields(header.ljust(header_size(name)))
    return _place(file, header, ZipEntry(name, STORED, crc, size, size), MAX_SIGNATURE_BYTES, None)


def _file_places(file: IO[bytes], files: Sequence[FileEntry]) -> Iterator[tuple[str, _Place]]:
    """Where each entry is: in a bundle as it is sent, or in one whose files were restored, all of them or none."""
    restored: Optional[bool] = None
    for listed in files:
        if not listed.restored:
            yield listed.name, _file_place(file, listed)
            continue
        if restored is None:
            restored = _comes_next(file, listed)
        if restored:
            yield listed.name, _stored_place(file, listed.name, listed.size)
        elif listed.transport is not None:
            yield listed.transport.file, _stored_place(file, listed.transport.file, listed.transport.size)


def _comes_next(file: IO[bytes], listed: FileEntry) -> bool:
    start = file.tell()
    header = file.read(header_size(listed.name))
    file.seek(start)
    crc, _, _ = header_fields(header.ljust(header_size(listed.name)))
    return header == local_header(ZipEntry(listed.name, STORED, crc, listed.size, listed.size))


def _stored_place(file: IO[bytes], name: str, size: int) -> _Place:
    header = file.read(header_size(name))
    crc, _, _ = header_fields(header.ljust(header_size(name)))
    return _place(file, header, ZipEntry(name, STORED, crc, size, size), size, None)


def _file_place(file: IO[bytes], listed: FileEntry) -> _Place:
    if listed.packed is None:
        return _stored_place(file, listed.name, listed.size)
    header = file.read(header_size(listed.name))
    crc, _, _ = header_fields(header.ljust(header_size(listed.name)))
    entry = ZipEntry(listed.name, DEFLATED, crc, listed.packed.size, listed.size)
    return _place(file, header, entry, listed.packed.size, listed.packed.sha256)


def _place(file: IO[bytes], header: bytes, entry: ZipEntry, most: int, packed_sha256: Optional[str]) -> _Place:
    if entry.packed_size > most or header != local_header(entry):
        raise IntegrityError(f"{entry.name} is not where and how {MANIFEST_FILE} lays it down")
    offset = file.tell()
    file.seek(entry.packed_size, 1)
    return _Place(entry, offset, packed_sha256)
