"""Made-up inputs, for figures that do not depend on what comes in."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..tflite import Tensor, TfliteModel

_QUANTIZED = ("int8", "uint8", "int16")


def made_up_inputs(model: TfliteModel, samples: int = 1) -> tuple[np.ndarray, ...]:
    """Values for each input of a file, the same every time: [samples, *shape] in its stored dtype.

    Quantized inputs use all their range, floats are between -1 and 1. Other integers are 0, since they may be indices
    into a table of any length.

    Raises:
        InputError: an input holds something else than numbers.
    """
    rng = np.random.default_rng(0)
    return tuple(_values(rng, tensor, samples) for tensor in model.inputs)


def _values(rng: np.random.Generator, tensor: Tensor, samples: int) -> np.ndarray:
    shape = (samples, *tensor.shape)
    try:
        dtype = np.dtype(tensor.dtype)
    except TypeError:
        raise InputError(
            f"input {tensor.name} is {tensor.dtype}, which cannot be made up; give a model that takes numbers"
        ) from None
    if tensor.dtype in _QUANTIZED and tensor.quantization is not None:
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    if dtype.kind == "f":
        return rng.uniform(-1, 1, shape).astype(dtype)
    return np.zeros(shape, dtype)
