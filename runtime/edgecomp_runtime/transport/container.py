"""The frame around a coded model: what is announced, and what is checked before anything is decoded."""

from __future__ import annotations

import lzma
import struct
import zlib
from dataclasses import dataclass
from typing import Optional

from ..errors import InputError, IntegrityError
from ..hashes import sha256_of
from .primer import PRIMER_BYTES, SETTINGS, coded_primer

MAGIC, VERSION = b"ECT1", 2
# Magic, version, flags, LZMA settings of the packed part, lanes, restored size, its SHA-256, bytes of the skeleton, of
# the plan, and of both packed.
HEADER = struct.Struct("<4sBBBHQ32sQII")
IS_DELTA, SAME_SKELETON, TURNED, PRIMED = 1, 2, 4, 8
# Since which version there is each flag.
_FLAGS = {1: IS_DELTA | SAME_SKELETON, 2: IS_DELTA | SAME_SKELETON | TURNED | PRIMED}
# Before a primed part: how much of the coded primer goes before it.
SHARED = struct.Struct("<H")
SHA256_BYTES, CHECK_BYTES = 32, 4
# As much as a bundle may hold.
MAX_BYTES = 2**30
MAX_PLAN_BYTES, MAX_LANES = 2**22, 4096


@dataclass(frozen=True)
class Frame:
    """The parts of a coded model.

    Args:
        size: of the restored model.
        sha256: of the restored model.
        base_sha256: of the model it is a delta to; empty where it is whole.
        against_base: whether the skeleton is the exclusive-or with the same bytes of the base.
        turned: whether its addresses are turned; see addresses.py.
        skeleton: the model without what the plan restores.
        plan: see plan.py.
        states: first states of the lanes, uint32 each.
        words: what the lanes draw from, uint16 each.
    """

    size: int
    sha256: bytes
    base_sha256: bytes
    against_base: bool
    turned: bool
    skeleton: bytes
    plan: bytes
    states: memoryview
    words: memoryview


def lzma_filter(settings: int, length: int) -> dict[str, int]:
    """The filter of the packed part: raw LZMA1 with a dictionary as long as what it holds.

    Args:
        settings: lc + 9 (lp + 5 pb).
        length: of what it holds, in bytes.
    """
    lc, rest = settings % 9, settings // 9
    return {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(4096, length),
        "lc": lc,
        "lp": rest % 5,
        "pb": rest // 5,
    }


def read_frame(data: bytes, max_bytes: int) -> Frame:
    """Checks and opens the frame.

    Args:
        data: the coded model.
        max_bytes: the largest restored model to accept.

    Raises:
        IntegrityError: it is damaged, cut short, or announces more than is accepted.
        InputError: it is of a later version.
    """
    if len(data) < HEADER.size + CHECK_BYTES or data[:4] != MAGIC:
        raise IntegrityError("this is not a coded model, or its beginning is damaged; fetch the file again")
    if zlib.crc32(memoryview(data)[:-CHECK_BYTES]) != int.from_bytes(data[-CHECK_BYTES:], "little"):
        raise IntegrityError("the coded model is damaged: its checksum is another; fetch the file again")
    _, version, flags, settings, lanes, size, sha256, skeleton, plan, packed = HEADER.unpack_from(data)
    if version > VERSION:
        raise InputError(
            f"the coded model has version {version}, and this edgecomp reads up to {VERSION}; upgrade edgecomp"
        )
    at = HEADER.size + (SHA256_BYTES if flags & IS_DELTA else 0)
    states = at + packed
    words = states + 4 * lanes
    if size > max_bytes:
        raise IntegrityError(f"the coded model announces {size} bytes; at most {max_bytes} are accepted here")
    valid = skeleton <= size and plan <= MAX_PLAN_BYTES and 0 < lanes <= MAX_LANES
    valid = valid and version in _FLAGS and not flags & ~_FLAGS[version]
    if not valid or words > len(data) - CHECK_BYTES or (len(data) - CHECK_BYTES - words) % 2:
        raise IntegrityError("the coded model is damaged: its parts do not fit; fetch the file again")
    unpack = _unpacked_after_primer if flags & PRIMED else _unpacked
    opened = unpack(data[at:states], settings, skeleton + plan)
    view = memoryview(data)
    return Frame(
        size=size,
        sha256=sha256,
        base_sha256=data[HEADER.size : at],
        against_base=bool(flags & SAME_SKELETON),
        turned=bool(flags & TURNED),
        skeleton=opened[:skeleton],
        plan=opened[skeleton:],
        states=view[states:words],
        words=view[words : len(data) - CHECK_BYTES],
    )


def _unpacked_after_primer(packed: bytes, settings: int, length: int) -> bytes:
    primer = coded_primer()
    shared = SHARED.unpack_from(packed)[0] if len(packed) >= SHARED.size else len(primer) + 1
    if shared > len(primer) or settings != SETTINGS:
        raise IntegrityError("the coded model is damaged: its parts do not fit; fetch the file again")
    return _unpacked(primer[:shared] + packed[SHARED.size :], settings, PRIMER_BYTES + length)[PRIMER_BYTES:]


def _unpacked(packed: bytes, settings: int, length: int) -> bytes:
    try:
        opener = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[lzma_filter(settings, length)])
        opened = opener.decompress(packed, max_length=length)
        if not opener.eof:  # the end mark follows the last byte
            opened += opener.decompress(b"", max_length=1)
    except (lzma.LZMAError, ValueError, EOFError) as error:
        raise IntegrityError("the coded model is damaged: its packed part cannot be read; fetch it again") from error
    if len(opened) != length or opener.unused_data:
        raise IntegrityError("the coded model is damaged: its packed part has another length; fetch it again")
    return opened


def base_of(data: bytes) -> Optional[str]:
    """SHA-256 of the model that a coded one is a delta to, 64 hexadecimal digits; None where it is whole.

    Args:
        data: a coded model that is not damaged.
    """
    if not HEADER.unpack_from(data)[2] & IS_DELTA:
        return None
    return data[HEADER.size : HEADER.size + SHA256_BYTES].hex()


def check_base(frame: Frame, base: bytes) -> None:
    """Raises InputError where `base` is not the model that the delta is to."""
    if sha256_of(base).digest() != frame.base_sha256:
        raise InputError(
            f"this is a delta to the model with SHA-256 {frame.base_sha256.hex()}, and another was given; "
            "give that one, or fetch the whole model"
        )
