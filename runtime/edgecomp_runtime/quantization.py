"""Real numbers <-> the integers a quantized tensor stores: `real = scale * (stored - zero_point)`.

Source: the TensorFlow Lite 8-bit quantization specification. Rounding is to the nearest, ties to even, as XNNPACK does.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

from .contract import InputContract
from .errors import InputError
from .preprocess import normalize

_LIMITS = {
    name: (np.float32(np.iinfo(name).min), np.float32(np.iinfo(name).max)) for name in ("int8", "uint8", "int16")
}


def quantize(
    values: np.ndarray, scale: float, zero_point: int, dtype: np.dtype, scratch: Optional[np.ndarray] = None
) -> np.ndarray:
    """Rounds to the nearest value that the tensor can store.

    Args:
        values: float32 of any shape; what lies outside the tensor's range becomes the nearest end of it.
        scale: real size of one step, positive.
        zero_point: the integer that stands for 0.0.
        dtype: int8, uint8 or int16.
        scratch: float32 of the same shape, overwritten; saves allocating it.

    Returns:
        of the given dtype, same shape.

    Raises:
        InputError: a value is not a number.
    """
    with np.errstate(over="ignore"):  # what becomes endless is cut off like all that lies outside the range
        steps = np.divide(values, np.float32(scale), out=scratch, dtype=np.float32)
    np.rint(steps, out=steps)
    if zero_point:
        steps += np.float32(zero_point)  # exact or far outside the range: rounded steps of up to 2**24 are whole
    low, high = _LIMITS[np.dtype(dtype).name]
    steps.clip(low, high, steps)  # a third faster than np.clip
    least = steps.min(initial=np.inf)  # NaN if any value is; half the time of np.isnan over all of them
    if least != least:
        raise InputError("the input holds values that are not numbers (NaN); mend them, or leave the sample out")
    stored: np.ndarray = steps.astype(dtype)
    return stored


def dequantize(stored: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """The real numbers that stored integers stand for.

    Args:
        stored: integers of any shape.
        scale: real size of one step.
        zero_point: the integer that stands for 0.0.

    Returns:
        float32, same shape.
    """
    if stored.dtype.itemsize <= 2:
        real: np.ndarray = stored.astype(np.float32)
        if zero_point:
            real -= np.float32(zero_point)  # exact: both are below 2**24
    else:
        # Stored minus zero point can leave the range of the stored dtype.
        real = (stored.astype(np.int64) - zero_point).astype(np.float32)
    real *= np.float32(scale)
    return real


def photo_table(contract: InputContract, scale: float, zero_point: int, dtype: np.dtype) -> np.ndarray:
    """What `normalize` and `quantize` make of each of the 256 values of a photo's pixel, channel by channel.

    Looking a pixel up gives exactly what computing it would, in a fraction of the time.

    Args:
        contract: of an input whose last axis are a photo's channels, or whose mean and std are single numbers.
        scale: of the tensor.
        zero_point: of the tensor.
        dtype: int8, uint8 or int16.

    Returns:
        of the given dtype, channels x 256; one row where all channels are treated alike.
    """
    channels = max(len(contract.mean), len(contract.std))
    every = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], channels, axis=1)
    return np.ascontiguousarray(quantize(normalize(contract, every), scale, zero_point, dtype).T)


def look_up(table: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Applies a `photo_table`.

    Args:
        table: channels (or 1) x 256.
        photo: uint8, channels on the last axis.

    Returns:
        of the table's dtype and the photo's shape.
    """
    if len(table) == 1 and table.itemsize == 1:
        # Twice as fast as indexing: bytes are what photos are, and what the tensor stores.
        found = np.frombuffer(photo.tobytes().translate(table.tobytes()), table.dtype)
        return found.reshape(photo.shape)
    looked_up = np.empty(photo.shape, table.dtype)
    for channel in range(photo.shape[-1]):
        looked_up[..., channel] = table[channel % len(table)].take(photo[..., channel])
    return looked_up
