"""int4 constants: two to a byte, the first in the low half, as TensorType INT4 in TFLite's schema stores them."""

from __future__ import annotations

import numpy as np

LOWEST, HIGHEST = -8, 7


def unpack_int4(stored: np.ndarray, elements: int) -> np.ndarray:
    """The values of packed int4 constants.

    Args:
        stored: uint8 of any shape.
        elements: how many values there are; where it is odd, the last half byte is ignored.

    Returns:
        int8 [elements], -8 to 7.
    """
    pairs = stored.reshape(-1).view(np.int8)
    values = np.stack([np.left_shift(pairs, 4) >> 4, pairs >> 4], axis=-1)
    return values.reshape(-1)[:elements]


def pack_int4(values: np.ndarray) -> np.ndarray:
    """Packs values from -8 to 7 into uint8 [ceil(elements / 2)]."""
    flat = values.astype(np.int8).reshape(-1)
    padded = np.append(flat, np.zeros(flat.size % 2, np.int8)).view(np.uint8)
    packed: np.ndarray = (padded[0::2] & 0x0F) | (padded[1::2] << 4)
    return packed
