"""Does an array fit an input of the model? One place for the answer, and for what is said when it does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from ..models.opened import TensorSpec


def array_kind(dtype: np.dtype[Any], shape: tuple[int, ...], spec: TensorSpec) -> str:
    """What an array of samples is to an input: "images" for uint8 pixels where the input takes photos, else "arrays".

    Args:
        dtype: of the samples.
        shape: of one sample.
        spec: the model's input.
    """
    pixels = dtype == np.uint8 and (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3)))
    return "images" if pixels and takes_photos(spec) else "arrays"


def takes_photos(spec: TensorSpec) -> bool:
    """Whether an input can be fed from photos: [1, H, W, 1 or 3] or [1, H, W], of float32 or uint8."""
    channels_fit = len(spec.shape) == 3 or (len(spec.shape) == 4 and spec.shape[3] in (1, 3))
    return channels_fit and spec.dtype in ("float32", "uint8")


def check_dtype(where: str, dtype: np.dtype[Any], spec: TensorSpec) -> None:
    """Refuses what is not real numbers.

    Args:
        where: the file and array, for the message.
        dtype: of the samples.
        spec: the model's input.

    Raises:
        InputError: objects, text, dates or complex numbers; or fractions for an input of whole numbers.
    """
    if dtype.kind in "OV":
        raise InputError(
            f"{where}: holds Python objects (dtype {dtype}), as of samples of unequal shapes; save plain numbers"
        )
    if dtype.kind in "US":
        raise InputError(f"{where}: holds text (dtype {dtype}); the model takes numbers")
    if dtype.kind == "c":
        raise InputError(f"{where}: holds complex numbers (dtype {dtype}); give real ones, such as their magnitude")
    if dtype.kind not in "buif":
        raise InputError(f"{where}: holds values of dtype {dtype}; the model takes numbers")
    if np.dtype(spec.dtype).kind in "iu" and dtype.kind == "f":
        raise InputError(
            f"{where}: holds {dtype} values, but the model's input {spec.name} takes whole numbers ({spec.dtype})"
        )


def check_shape(where: str, shape: tuple[int, ...], spec: TensorSpec) -> None:
    """Refuses a sample of another shape than the input's.

    Args:
        where: the file and array, for the message.
        shape: of one sample, no batch axis.
        spec: the model's input. A last axis of size 1 may be missing.

    Raises:
        InputError: the shape does not fit.
    """
    wanted = tuple(spec.shape[1:])
    if not fits(shape, spec):
        raise InputError(
            f"{where}: one sample has shape {list(shape)}, but the model's input {spec.name} takes {list(wanted)}"
            + _hint(shape, wanted)
        )


def fits(shape: tuple[int, ...], spec: TensorSpec) -> bool:
    """Whether a sample of this shape is one of the input, a last axis of size 1 aside."""
    wanted = tuple(spec.shape[1:])
    return shape == wanted or (len(wanted) > 1 and wanted[-1] == 1 and shape == wanted[:-1])


def _hint(shape: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(shape) == 3 and (shape[1], shape[2], shape[0]) == wanted:
        return "; channels come last: numpy.moveaxis(x, 1, -1) brings them there"
    if len(shape) == len(wanted) == 3 and shape[2] == wanted[2]:
        return "; resize the arrays first, or give a folder of images, which are resized"
    if np.prod(shape, dtype=np.int64) == np.prod(wanted, dtype=np.int64):
        return "; the number of values is the same, so reshaping may be all it needs"
    if len(shape) == len(wanted) - 1:
        return "; is this a single sample? Add an axis of samples in front"
    return ""
