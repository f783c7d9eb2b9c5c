"""Places in a flatbuffer, written so that equal ones look equal.

A table names its field layout by how far away that lies: another number in every table, though all tables of a kind
share one layout. Written as the place in the file it is the same number each time, which LZMA notices.
"""

from __future__ import annotations

import numpy as np

LEAST, MOST = 0xFF000000, 0xFFFFFF00
"""Words from the one to below the other are taken for distances: negative numbers, but none that int8 can be."""

# What is worked on at once, in words.
_PART = 1 << 18


def turn_addresses(data: np.ndarray) -> None:
    """Turns distances into places and places into distances, in place: done twice, it changes nothing.

    Each aligned word of 32 bits that is taken for a distance becomes its own place less that, modulo how many such
    words there are.

    Args:
        data: uint8 [bytes], contiguous, from the start of a file.
    """
    words = data[: len(data) // 4 * 4].view("<u4")
    for start in range(0, len(words), _PART):
        part = words[start : start + _PART]
        chosen = np.flatnonzero((part >= LEAST) & (part < MOST))
        places = 4 * (chosen.astype(np.int64) + start)
        part[chosen] = (places + LEAST - part[chosen]) % (MOST - LEAST) + LEAST
