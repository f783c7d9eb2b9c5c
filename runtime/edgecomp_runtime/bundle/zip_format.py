"""The bytes of a canonical zip around its contents: one way to write each header, and no freedom left.

APPNOTE.TXT of PKWARE describes the records; fixed here is what it leaves to the writer: entries without gaps, no time
(1980-01-01), no extra fields, no comments, no flags, no ZIP64, ASCII names, plain files of mode 0644.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

STORED = 0
DEFLATED = 8

_VERSION = 20
_MADE_ON_UNIX = 3 << 8 | _VERSION
_NO_TIME, _NO_DATE = 0, 0x21
_PLAIN_FILE = 0o100644 << 16
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_CRC_OFFSET = 14


@dataclass(frozen=True)
class ZipEntry:
    """One entry.

    Args:
        name: ASCII.
        method: `STORED` or `DEFLATED`.
        crc: CRC-32 of the contents.
        packed_size: in the zip, in bytes.
        size: of the contents, in bytes.
    """

    name: str
    method: int
    crc: int
    packed_size: int
    size: int

    @property
    def space(self) -> int:
        """Bytes from the start of this entry to the start of the next."""
        return header_size(self.name) + self.packed_size


def header_size(name: str) -> int:
    """Bytes of the header before an entry's contents."""
    return _LOCAL.size + len(name)


def local_header(entry: ZipEntry) -> bytes:
    """What stands before an entry's contents."""
    fields = (_VERSION, 0, entry.method, _NO_TIME, _NO_DATE, entry.crc, entry.packed_size, entry.size)
    return _LOCAL.pack(b"PK\x03\x04", *fields, len(entry.name), 0) + entry.name.encode("ascii")


def header_fields(header: bytes) -> tuple[int, int, int]:
    """CRC-32, packed size and size that a local header states; whether the rest of it is right is not looked at.

    Args:
        header: at least 30 bytes.
    """
    crc, packed_size, size = struct.unpack_from("<III", header, _CRC_OFFSET)
    return crc, packed_size, size


def directory(entries: Sequence[ZipEntry]) -> bytes:
    """What stands behind the last entry: the central directory and its end record."""
    records, offset = [], 0
    for one in entries:
        fields = (_MADE_ON_UNIX, _VERSION, 0, one.method, _NO_TIME, _NO_DATE, one.crc, one.packed_size, one.size)
        tail = (len(one.name), 0, 0, 0, 0, _PLAIN_FILE, offset)
        records.append(_CENTRAL.pack(b"PK\x01\x02", *fields, *tail) + one.name.encode("ascii"))
        offset += one.space
    listed = b"".join(records)
    return listed + _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(listed), offset, 0)
