"""Slices of tensors whose channels have become fewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def kept_key(key: Any, rank: int, stays: np.ndarray) -> Any:
    """An index, such as `tensor[..., 3:10]` has, for a tensor some of whose channels are gone.

    Args:
        key: the index into the old tensor; a slice of the last axis has no gaps if any channel is gone.
        rank: how many axes the tensor has.
        stays: bool [channels of the old tensor]

    Returns:
        the index of those that stay of the channels it meant.
    """
    entries = list(key) if isinstance(key, (tuple, list)) else [key]
    place = _place_of_channels(entries, rank)
    if place is None or stays.all():
        return key
    start, stop, _ = entries[place].indices(stays.size)
    entries[place] = slice(int(stays[:start].sum()), int(stays[:stop].sum()))
    return tuple(entries)


def _place_of_channels(entries: Sequence[Any], rank: int) -> int | None:
    """Which entry of an index slices the last axis; None where that axis is taken whole."""
    used = [place for place, entry in enumerate(entries) if entry is not None]
    has_ellipsis = any(entries[place] is Ellipsis for place in used)
    if not used or entries[used[-1]] is Ellipsis or (len(used) < rank and not has_ellipsis):
        return None
    return used[-1]
