"""From the transport form back to the model."""

from __future__ import annotations

from typing import Optional

import numpy as np

from ..errors import InputError, IntegrityError
from ..hashes import sha256_of
from .addresses import turn_addresses
from .arrays import restore
from .container import MAX_BYTES, Frame, check_base, read_frame
from .plan import Array, damaged, read_plan, regions_of
from .rans import WORD, LaneDecoder


def decode(data: bytes, *, base: Optional[bytes] = None, max_bytes: int = MAX_BYTES) -> bytes:
    """Restores a model from its transport form.

    Args:
        data: what `edgecomp.transport.encode` gave.
        base: the model that a delta is to; not looked at where `data` is whole.
        max_bytes: the largest model to accept; more is refused before anything is decoded.

    Returns:
        the model, byte for byte; its SHA-256 was checked.

    Raises:
        IntegrityError: `data` is damaged, or not a coded model.
        InputError: it is a delta, and `base` is missing or another model; or it is of a later version.
    """
    frame = read_frame(data, max_bytes)
    older = b""
    if frame.base_sha256:
        if base is None:
            raise InputError(
                f"this is a delta to the model with SHA-256 {frame.base_sha256.hex()}; give that model as the base"
            )
        check_base(frame, base)
        older = base
    plan = read_plan(frame.plan, frame.size)
    model = _with_skeleton(frame, plan, np.frombuffer(older, np.uint8))
    lanes = LaneDecoder(np.frombuffer(frame.states, "<u4").astype(np.uint32), np.frombuffer(frame.words, WORD))
    for array in plan:
        restore(array, model, np.frombuffer(older, np.uint8), lanes)
    lanes.finish()
    if sha256_of(model.data).digest() != frame.sha256:
        raise IntegrityError("the restored model has another SHA-256 than was announced; fetch the file again")
    del frame, lanes  # the copy that is returned takes their room
    return model.tobytes()


def _with_skeleton(frame: Frame, plan: list[Array], base: np.ndarray) -> np.ndarray:
    """uint8 [size]: the bytes between the plan's stretches in their places, the stretches still empty."""
    model = np.zeros(frame.size, np.uint8)
    skeleton = np.frombuffer(frame.skeleton, np.uint8)
    against = base if frame.against_base else None
    if against is not None and len(against) != len(model):
        raise damaged()
    at = end = 0
    for start, length in [*sorted(region for array in plan for region in regions_of(array)), (len(model), 0)]:
        gap = skeleton[at : at + start - end]
        if len(gap) < start - end:
            raise damaged()
        model[end:start] = gap if against is None else gap ^ against[end:start]
        # A stretch leaves its last bytes behind as zeros, so that what follows keeps its alignment, which LZMA uses.
        at += start - end + length % 4
        end = start + length
    if at != len(skeleton):
        raise damaged()
    if frame.turned:
        turn_addresses(model)
    return model
