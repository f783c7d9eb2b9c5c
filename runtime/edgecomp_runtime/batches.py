"""Whether a value is one sample or several, decided from the contract and the value alone."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .contract import InputContract
from .errors import InputError
from .photos import is_photo_object


def as_arrays(contract: InputContract, raw: Any) -> Any:
    """Turns lists of numbers into an array; paths, Pillow images, arrays and lists of these stay as they are.

    Raises:
        InputError: the list is neither.
    """
    if isinstance(raw, (np.ndarray, str, os.PathLike)) or is_photo_object(raw):
        return raw
    if isinstance(raw, (list, tuple)) and raw and (isinstance(raw[0], (str, os.PathLike)) or is_photo_object(raw[0])):
        return raw
    if isinstance(raw, (list, tuple)) and raw and isinstance(raw[0], np.ndarray) and raw[0].ndim:
        return raw
    try:
        return np.asarray(raw)
    except (TypeError, ValueError) as error:  # ragged lists
        raise InputError(f"input {contract.name}: the value is not an array of numbers ({error})") from None


def is_batch(contract: InputContract, raw: Any) -> bool:
    """Whether a value holds several samples, to be taken along its first axis, and not one.

    One sample is: a path, a Pillow image, an array of the tensor's shape without its batch axis (a last axis of size 1
    may be missing), or, for photo inputs, a uint8 array of height x width (x 1, 3 or 4). Several are: a list of paths,
    images or arrays, or an array with one axis more.

    Args:
        contract: the input's.
        raw: as `as_arrays` gives it.
    """
    if not isinstance(raw, np.ndarray):
        return isinstance(raw, (list, tuple))
    sample, shape = contract.shape[1:], raw.shape
    if shape == sample or shape[1:] == sample:
        return bool(shape != sample)
    without_channel = sample[:-1] if sample and sample[-1] == 1 else None
    if contract.image is not None and raw.dtype == np.uint8:
        return raw.ndim == 4 or (raw.ndim == 3 and shape[2] not in (1, 3, 4))
    return without_channel is not None and shape != without_channel and shape[1:] == without_channel
