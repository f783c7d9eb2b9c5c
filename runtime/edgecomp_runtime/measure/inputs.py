"""What a model is fed while it is measured."""

from __future__ import annotations

import numpy as np

from ..tensors import Tensor


def some_input(tensor: Tensor, seed: int) -> np.ndarray:
    """Random values of a tensor's shape and stored dtype, the same for the same seed.

    The time an inference takes depends on values in two cases: zeros can be skipped, and numbers near the smallest
    float are slow. Random values over the usual range have neither. Ids stay 0, which every embedding has.
    """
    random = np.random.default_rng(seed)
    if tensor.stored_dtype == "uint8" or tensor.quantized:
        limits = np.iinfo(tensor.stored_dtype)
        return random.integers(limits.min, limits.max, tensor.shape, dtype=tensor.stored_dtype, endpoint=True)
    if tensor.stored_dtype.startswith("float"):
        return random.random(tensor.shape).astype(tensor.stored_dtype)
    return np.zeros(tensor.shape, tensor.stored_dtype)
