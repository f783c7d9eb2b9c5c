"""What a bundle may be at most; the writer and every reader keep to the same limits."""

from __future__ import annotations

MAX_ENTRIES = 64
MAX_TOTAL_BYTES = 2**30
MAX_MANIFEST_BYTES = 2**22
MAX_SIGNATURE_BYTES = 2**10

_MAX_RATIO = 100
_ANY_RATIO_BYTES = 2**24
"""A file of this size does no harm, however small it was packed."""


def unpacks_to_too_much(packed: int, size: int) -> bool:
    """Whether a compressed file is a bomb.

    Args:
        packed: compressed size in bytes.
        size: size in bytes.
    """
    return size > max(_ANY_RATIO_BYTES, _MAX_RATIO * packed)
