"""Packing what is left of a file when the plan's stretches are cut out, together with the plan."""

from __future__ import annotations

import lzma
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from edgecomp_runtime.transport.addresses import turn_addresses
from edgecomp_runtime.transport.container import PRIMED, SAME_SKELETON, SHARED, TURNED, lzma_filter
from edgecomp_runtime.transport.plan import Array, regions_of
from edgecomp_runtime.transport.primer import PRIMER_BYTES, SETTINGS, coded_primer

# lc, lp, pb: tables of 4-byte words gain from positions, names from what came before.
_LZMA_SETTINGS = tuple(
    lc + 9 * (lp + 5 * pb)
    for lc, lp, pb in ((0, 2, 0), (0, 2, 1), (0, 2, 2), (1, 2, 0), (1, 2, 2), (3, 0, 0), (3, 0, 2))
)
# Ways are compared on so much.
_COMPARED_BYTES = 1 << 17
# In more than this, the little that the primer knows is lost.
_MOST_PRIMED = 1 << 19


@dataclass(frozen=True)
class PackedPart:
    """The packed part of a frame.

    Args:
        packed: its bytes.
        skeleton_bytes: length of the skeleton in it.
        settings: of LZMA.
        flags: how it is to be read.
    """

    packed: bytes
    skeleton_bytes: int
    settings: int
    flags: int


def packed_part(data: bytes, base: bytes, plan: Sequence[Array], plan_bytes: bytes) -> PackedPart:
    """The smallest that was found.

    Args:
        data: the file.
        base: the older file; empty where there is none.
        plan: what is cut out.
        plan_bytes: the plan as it is written.
    """
    regions = sorted(region for array in plan for region in regions_of(array))
    skeletons = list(_skeletons(data, base, regions))
    skeleton, flags = min(skeletons, key=lambda one: len(_compressed(one[0][:_COMPARED_BYTES], _LZMA_SETTINGS[0])))
    content = skeleton + plan_bytes
    if len(content) <= _MOST_PRIMED:
        primed = PackedPart(_primed(content), len(skeleton), SETTINGS, flags | PRIMED)
        alone = PackedPart(_compressed(content, SETTINGS), len(skeleton), SETTINGS, flags)
        return min(primed, alone, key=lambda one: len(one.packed))
    settings = min(_LZMA_SETTINGS, key=lambda one: len(_compressed(content[:_COMPARED_BYTES], one)))
    return PackedPart(_compressed(content, settings), len(skeleton), settings, flags)


def _skeletons(data: bytes, base: bytes, regions: Sequence[tuple[int, int]]) -> Iterator[tuple[bytes, int]]:
    """The ways to write it, each with the flags that say so."""
    file = np.frombuffer(data, np.uint8)
    yield _cut(file, regions), 0
    yield turned_skeleton(data, regions), TURNED
    if len(base) == len(data):
        yield _cut(file ^ np.frombuffer(base, np.uint8), regions), SAME_SKELETON


def turned_skeleton(data: bytes, regions: Sequence[tuple[int, int]]) -> bytes:
    """The file without the regions, its addresses turned.

    Args:
        data: the file.
        regions: (start, length) of what is cut out, in the order of the file.
    """
    turned = np.frombuffer(data, np.uint8).copy()
    for start, length in regions:  # whoever restores it turns before anything is there
        turned[start : start + length] = 0
    turn_addresses(turned)
    return _cut(turned, regions)


def _cut(data: np.ndarray, regions: Sequence[tuple[int, int]]) -> bytes:
    """Data without the regions; each leaves 0 to 3 zeros, so that words stay aligned."""
    parts, end = [], 0
    for start, length in regions:
        parts += [data[end:start].tobytes(), bytes(length % 4)]
        end = start + length
    return b"".join([*parts, data[end:].tobytes()])


def _primed(content: bytes) -> bytes:
    stream, primer = _compressed(_primer() + content, SETTINGS), coded_primer()
    least = min(len(stream), len(primer))
    shared = next((at for at in range(least) if stream[at] != primer[at]), least)
    return SHARED.pack(shared) + stream[shared:]


@cache
def _primer() -> bytes:
    opener = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[lzma_filter(SETTINGS, PRIMER_BYTES)])
    return opener.decompress(coded_primer(), max_length=PRIMER_BYTES)


def _compressed(content: bytes, settings: int) -> bytes:
    chain = [lzma_filter(settings, len(content)) | {"preset": 9 | lzma.PRESET_EXTREME}]
    return lzma.compress(content, lzma.FORMAT_RAW, filters=chain)
