"""From a .tflite to its transport form."""

from __future__ import annotations

import hashlib
import lzma
import zlib

import numpy as np
from edgecomp_runtime.transport import decode
from edgecomp_runtime.transport.container import (
    HEADER,
    IS_DELTA,
    MAGIC,
    MAX_BYTES,
    SAME_SKELETON,
    VERSION,
    lzma_filter,
)
from edgecomp_runtime.transport.plan import MAX_ARRAYS, Array, Copy, Weights, Words, regions_of

from ..errors import InputError
from .choose import chosen_arrays
from .lane_encoder import LaneEncoder
from .plan_bytes import write_plan

# lc, lp, pb: tables of 4-byte words gain from positions, names from what came before.
_LZMA_SETTINGS = tuple(
    lc + 9 * (lp + 5 * pb)
    for lc, lp, pb in ((0, 2, 0), (0, 2, 1), (0, 2, 2), (1, 2, 0), (1, 2, 2), (3, 0, 0), (3, 0, 2))
)
# Settings are compared on so much.
_COMPARED_BYTES = 1 << 17


def encode(data: bytes, *, base: bytes | None = None) -> bytes:
    """Codes a .tflite so that it is smaller to send.

    Args:
        data: the file; anything else is coded as well, though hardly better than by LZMA.
        base: an older version of the file, which whoever decodes has; only what differs is coded then. Where the two
            have nothing in common, the result is whole and needs no base.

    Returns:
        what `decode` restores, byte for byte. Equal files give equal bytes.

    Raises:
        InputError: the file is larger than the format holds.
        RuntimeError: the result, which is decoded once to be sure, does not give the file: a fault of this package.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"the model is {len(data)} bytes; the transport form holds at most {MAX_BYTES}")
    older = b"" if base is None else bytes(base)
    lanes = LaneEncoder()
    plan: list[Array] = []
    for array in chosen_arrays(data, older)[:MAX_ARRAYS]:
        array.put(lanes)
        plan.append(array.plan)
    states, words, count = lanes.finish()
    written = write_plan(plan)
    skeleton, against_base = _skeletons(data, older, plan)
    is_delta = against_base or any(isinstance(one, Copy) or _predicted(one) for one in plan)
    packed, settings = _packed(skeleton + written)
    flags = IS_DELTA * is_delta | SAME_SKELETON * against_base
    header = HEADER.pack(
        *(MAGIC, VERSION, flags, settings, count, len(data), hashlib.sha256(data).digest()),
        *(len(skeleton), len(written), len(packed)),
    )
    named = hashlib.sha256(older).digest() if is_delta else b""
    coded = b"".join([header, named, packed, states, words])
    coded += zlib.crc32(coded).to_bytes(4, "little")
    if decode(coded, base=base) != data:
        raise RuntimeError("the coded model is not restored to what it was made from; ship the .tflite itself")
    return coded


def _predicted(array: Array) -> bool:
    """Whether the base is needed for it."""
    return bool(array.sources) if isinstance(array, Words) else isinstance(array, Weights) and array.source is not None


def _skeletons(data: bytes, base: bytes, plan: list[Array]) -> tuple[bytes, bool]:
    """The cheaper skeleton, and whether it is the one against the base."""
    own = _skeleton(np.frombuffer(data, np.uint8), plan)
    if len(base) != len(data):
        return own, False
    against = _skeleton(np.frombuffer(data, np.uint8) ^ np.frombuffer(base, np.uint8), plan)
    return (
        (against, True)
        if len(_compressed(against, _LZMA_SETTINGS[0])) < len(_compressed(own, _LZMA_SETTINGS[0]))
        else (own, False)
    )


def _skeleton(data: np.ndarray, plan: list[Array]) -> bytes:
    """What is left when the plan's stretches are cut out; each leaves 0 to 3 zeros, so that words stay aligned."""
    parts, end = [], 0
    for start, length in sorted(region for array in plan for region in regions_of(array)):
        parts += [data[end:start].tobytes(), bytes(length % 4)]
        end = start + length
    return b"".join([*parts, data[end:].tobytes()])


def _packed(content: bytes) -> tuple[bytes, int]:
    """LZMA with the settings that do best."""
    sample = content[:_COMPARED_BYTES]
    settings = min(_LZMA_SETTINGS, key=lambda one: len(_compressed(sample, one)))
    return _compressed(content, settings), settings


def _compressed(content: bytes, settings: int) -> bytes:
    chain = [lzma_filter(settings, len(content)) | {"preset": 9 | lzma.PRESET_EXTREME}]
    return lzma.compress(content, lzma.FORMAT_RAW, filters=chain)
