"""Samples and labels in the shape in which importance is measured on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError

if TYPE_CHECKING:
    import keras


def input_arrays(model: keras.Model, data: Any) -> list[np.ndarray]:
    """The value of each input, samples first, in the order of the model's inputs and in their dtypes.

    Args:
        model: a functional model.
        data: an array, a list of arrays in the inputs' order, or a mapping by the inputs' names.

    Raises:
        InputError: an input is missing, has another shape than the model takes, or there are no samples.
    """
    names = [tensor.name for tensor in model.inputs]
    if isinstance(data, Mapping):
        missing = [name for name in names if name not in data]
        if missing:
            raise InputError(f"the samples have no values for the input {missing[0]}: give a mapping with all inputs")
        given = [data[name] for name in names]
    else:
        given = list(data) if len(names) > 1 and isinstance(data, Sequence) else [data]
    if len(given) != len(names):
        raise InputError(f"the model has {len(names)} inputs ({', '.join(names)}): give a list of {len(names)} arrays")
    arrays = [np.asarray(one, tensor.dtype) for one, tensor in zip(given, model.inputs, strict=True)]
    for array, tensor in zip(arrays, model.inputs, strict=True):
        fits = array.ndim == len(tensor.shape) and all(
            size in (None, own) for size, own in zip(tensor.shape[1:], array.shape[1:], strict=True)
        )
        if not fits or not len(array):
            raise InputError(
                f"the samples for {tensor.name} have shape {array.shape}, where the model takes {tuple(tensor.shape)}: "
                "give them with the number of samples first"
            )
    if len({len(array) for array in arrays}) > 1:
        raise InputError(
            f"the inputs have different numbers of samples ({', '.join(str(len(one)) for one in arrays)}): "
            "give as many of each"
        )
    return arrays


def spread_out(count: int, most: int) -> np.ndarray:
    """Which of `count` samples to take where `most` are enough: int64, evenly spaced."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)
