"""From a .tflite to its transport form."""

from __future__ import annotations

import hashlib
import zlib

from edgecomp_runtime.transport import decode
from edgecomp_runtime.transport.container import (
    HEADER,
    IS_DELTA,
    MAGIC,
    MAX_BYTES,
    SAME_SKELETON,
    VERSION,
)
from edgecomp_runtime.transport.plan import MAX_ARRAYS, Array, Copy, Weights, Words

from ..errors import InputError
from .choose import chosen_arrays
from .lane_encoder import LaneEncoder
from .plan_bytes import write_plan
from .skeleton import packed_part


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
        raise InputError(
            f"the model is {len(data)} bytes; the transport form holds at most {MAX_BYTES}; use a smaller one"
        )
    older = b"" if base is None else bytes(base)
    lanes = LaneEncoder()
    plan: list[Array] = []
    for array in chosen_arrays(data, older)[:MAX_ARRAYS]:
        array.put(lanes)
        plan.append(array.plan)
    states, words, count = lanes.finish()
    written = write_plan(plan)
    part = packed_part(data, older, plan, written)
    is_delta = bool(part.flags & SAME_SKELETON) or any(isinstance(one, Copy) or _predicted(one) for one in plan)
    header = HEADER.pack(
        *(MAGIC, VERSION, part.flags | IS_DELTA * is_delta, part.settings, count, len(data)),
        *(hashlib.sha256(data).digest(), part.skeleton_bytes, len(written), len(part.packed)),
    )
    named = hashlib.sha256(older).digest() if is_delta else b""
    coded = b"".join([header, named, part.packed, states, words])
    coded += zlib.crc32(coded).to_bytes(4, "little")
    if decode(coded, base=base) != data:
        raise RuntimeError("the coded model is not restored to what it was made from; ship the .tflite itself")
    return coded


def _predicted(array: Array) -> bool:
    """Whether the base is needed for it."""
    return bool(array.sources) if isinstance(array, Words) else isinstance(array, Weights) and array.source is not None
