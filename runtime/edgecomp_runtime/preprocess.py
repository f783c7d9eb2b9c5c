"""The named preprocessings, and raw values -> input tensors by the contract.

A preprocessing is asked for by a short text such as `0..1`, `imagenet-torch,fit=crop` or `mean=127.5,std=127.5`;
`parse_preprocess` reads it, `build_contract` joins it with a model's tensors, and `prepare` applies the result.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from .contract import COLORS, FITS, RESAMPLES, Contract, ImageContract, InputContract, OutputContract
from .errors import InputError
from .photos import decode_photo, fit_photo, is_photo_object, photo_to_array

__all__ = [
    "NAMES",
    "Preprocess",
    "arrange",
    "build_contract",
    "decode_photo",
    "fit_photo",
    "normalize",
    "parse_preprocess",
    "prepare",
]


@dataclass(frozen=True)
class Preprocess:
    """How raw values are normalized, and photos fitted; `str()` gives the text that `parse_preprocess` reads back.

    Args:
        name: one of `NAMES`, or "custom" where mean and std were given as numbers.
        mean: subtracted; one number, or one per channel in the order of `color`.
        std: divides; one number, or one per channel in the order of `color`.
        color: order of the channels of a three-channel input; an input of one channel is always greyscale.
        fit: how a photo is brought to the model's aspect ratio.
        resample: the filter photos are resized with.
    """

    name: str = "none"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    color: str = "rgb"
    fit: str = "stretch"
    resample: str = "bilinear"

    def __str__(self) -> str:
        if self.name == "custom":
            normal, parts = Preprocess(), [f"mean={_join(self.mean)}", f"std={_join(self.std)}"]
        else:
            normal, parts = _NAMED[self.name], [self.name]
        options = [f"{key}={getattr(self, key)}" for key in _OPTIONS if getattr(self, key) != getattr(normal, key)]
        return ",".join(parts + options)


_NAMED = {
    "none": Preprocess("none"),
    "0..1": Preprocess("0..1", (0.0,), (255.0,)),
    "-1..1": Preprocess("-1..1", (127.5,), (127.5,)),
    # Means of ImageNet's channels as Caffe's networks were trained with, blue first:
    # keras.applications.imagenet_utils, mode="caffe".
    "imagenet-caffe": Preprocess("imagenet-caffe", (103.939, 116.779, 123.68), (1.0,), "bgr"),
    # The same file, mode="torch", on the scale 0..255.
    "imagenet-torch": Preprocess(
        "imagenet-torch",
        (255 * 0.485, 255 * 0.456, 255 * 0.406),
        (255 * 0.229, 255 * 0.224, 255 * 0.225),
    ),
}

NAMES = tuple(_NAMED)
"""The preprocessings that have a name."""

_OPTIONS = {"color": COLORS, "fit": FITS, "resample": RESAMPLES}

_FLOAT32_MAX = 3.4e38
_FLOAT32_MIN = 1.2e-38


def parse_preprocess(text: str) -> Preprocess:
    """Reads a preprocessing such as `0..1`, `imagenet-torch,fit=crop` or `mean=10/20/30,std=255,color=bgr`.

    Args:
        text: a name, or `mean=` and/or `std=` (values for each channel separated by `/`), then options, all separated
            by commas.

    Raises:
        InputError: a part is not known, is given twice, or has a value that is not allowed; the message names it.
    """
    names = [part.strip() for part in text.split(",")]
    named = [part for part in names if "=" not in part]
    values = _key_values([part for part in names if "=" in part], text)
    numbers: dict[str, tuple[float, ...]] = {
        key: _numbers(values.pop(key), key, text) for key in ("mean", "std") if key in values
    }
    if len(named) > 1 or (named and numbers) or not (named or numbers):
        raise InputError(f"preprocess {text!r}: give one of {', '.join(NAMES)}, or mean=…,std=…, then options")
    if named and named[0].lower() not in _NAMED:
        raise InputError(f"preprocess {text!r}: {named[0]!r} is not one of {', '.join(NAMES)}, or mean=…,std=…")
    base = _NAMED[named[0].lower()] if named else _custom(numbers, text)
    options = {key: values.get(key, getattr(base, key)) for key in _OPTIONS}
    return Preprocess(base.name, base.mean, base.std, **options)


class TensorLike(Protocol):
    """What `build_contract` reads of a model's tensor: its name, its shape with the batch of 1 first, and its dtype."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> str: ...


def build_contract(
    preprocess: Preprocess,
    inputs: Sequence[TensorLike],
    outputs: Sequence[TensorLike],
    *,
    images: bool,
    labels: Sequence[str] = (),
    activation: str = "none",
) -> Contract:
    """Joins a preprocessing with the tensors of a model.

    Args:
        preprocess: how raw values are normalized.
        inputs: the model's inputs, before quantization: "float32", "uint8" (raw pixels) or an integer dtype (ids).
        outputs: the model's outputs.
        images: whether samples are photos; inputs of shape [1, H, W, 1], [1, H, W, 3] or [1, H, W] then take them.
        labels: names of the classes, for the outputs that have as many columns (or one column, for two names).
        activation: what makes probabilities of a classification output: "none", "softmax" or "sigmoid".

    Raises:
        InputError: no input can take photos though `images` is set, no output fits the labels, or the preprocessing has
            another number of channels than an input.
    """
    made = tuple(_input_contract(preprocess, one, images) for one in inputs)
    if images and not any(one.image for one in made):
        shapes = ", ".join(f"{one.name} {list(one.shape)}" for one in inputs)
        raise InputError(f"no input takes photos ([1, H, W, 1 or 3] or [1, H, W]): the model has {shapes}")
    names = tuple(labels)
    if names and not any(_fits_labels(one, len(names)) for one in outputs):
        shapes = ", ".join(f"{one.name} {list(one.shape)}" for one in outputs)
        raise InputError(f"there are {len(names)} labels, but no output with as many columns: the model has {shapes}")
    return Contract(made, tuple(_output_contract(one, names, activation) for one in outputs), str(preprocess))


def prepare(contract: InputContract, raw: Any) -> np.ndarray:
    """Brings a raw sample to the value of an input tensor, as the contract says.

    Args:
        contract: the input's.
        raw: for a photo input: a path, a Pillow image or a uint8 array, height x width (x channels), of any size.
            For any input: an array of numbers of the tensor's shape, with or without the batch axis; a last axis of
            size 1 may be missing. Three channels of a photo are RGB, whatever the dtype; the contract reorders them.

    Returns:
        float32 (or the contract's integer dtype) of the tensor's shape, batch of 1 first.

    Raises:
        InputError: the photo cannot be read, or the array does not fit the tensor.
    """
    arranged = arrange(contract, raw)
    return normalize(contract, arranged) if contract.dtype == "float32" else arranged


def normalize(contract: InputContract, arranged: np.ndarray) -> np.ndarray:
    """`(float32(raw) - mean) / std`, each step rounded to float32.

    Args:
        contract: the input's.
        arranged: numbers of any dtype, channels on the last axis.

    Returns:
        float32 of the same shape; the very array where there is nothing to do.
    """
    values = arranged.astype(np.float32, copy=False)
    mean, std, identity = _constants(contract)
    if identity:
        return values
    centered: np.ndarray = values - mean
    centered /= std
    return centered


def arrange(contract: InputContract, raw: Any) -> np.ndarray:
    """The first half of `prepare`: raw values in the tensor's shape, not yet normalized.

    Args:
        contract: the input's.
        raw: see `prepare`.

    Returns:
        of the tensor's shape, batch of 1 first; uint8 for photos, else float32, or the contract's integer dtype.

    Raises:
        InputError: see `prepare`.
    """
    array = _decoded(contract, raw)
    image = contract.image
    if image is not None and array.dtype == np.uint8:
        photo = array[0] if array.shape == contract.shape or (array.ndim == 4 and len(array) == 1) else array
        return fit_photo(photo, image).reshape(contract.shape)
    values = _cast(contract, array if array.shape == contract.shape else _with_axes(contract, array))
    return values[..., ::-1] if image is not None and image.color == "bgr" else values


def _decoded(contract: InputContract, raw: Any) -> np.ndarray:
    if isinstance(raw, np.ndarray):
        return raw
    is_file, is_image = isinstance(raw, (str, os.PathLike)), is_photo_object(raw)
    if contract.image is None and (is_file or is_image):
        raise InputError(f"input {contract.name} takes numbers of shape {list(contract.shape)}, not a photo")
    if is_file:
        return decode_photo(raw)
    if is_image:
        return photo_to_array(raw)
    try:
        return np.asarray(raw)
    except (TypeError, ValueError) as error:  # ragged lists
        raise InputError(f"input {contract.name}: the value is not an array of numbers ({error})") from error


def _with_axes(contract: InputContract, array: np.ndarray) -> np.ndarray:
    shape = contract.shape
    if array.shape in (shape, shape[1:]):
        return array.reshape(shape)
    if shape[-1] == 1 and array.shape in (shape[:-1], shape[1:-1]):
        return array.reshape(shape)
    photo = "" if contract.image is None else ", or a uint8 photo of any size"
    raise InputError(
        f"input {contract.name}: an array of shape {list(array.shape)} and dtype {array.dtype} does not fit; "
        f"give one of shape {list(shape[1:])} or {list(shape)}{photo}"
    )


def _cast(contract: InputContract, array: np.ndarray) -> np.ndarray:
    if array.dtype == contract.dtype:
        return array
    if array.dtype.kind not in "biuf":
        raise InputError(f"input {contract.name}: the values are of dtype {array.dtype}, not real numbers")
    if contract.dtype == "float32":
        return array.astype(np.float32, copy=False)
    wanted = np.dtype(contract.dtype)
    if wanted.kind in "iu" and array.dtype != wanted:
        limits = np.iinfo(wanted)
        whole = array.dtype.kind != "f" or bool(np.all(np.isfinite(array)) and np.all(array == np.rint(array)))
        if not whole or (array.size and (array.min() < limits.min or array.max() > limits.max)):
            raise InputError(f"input {contract.name}: takes whole numbers from {limits.min} to {limits.max} only")
    return array.astype(wanted, copy=False)


@lru_cache(maxsize=64)
def _constants(contract: InputContract) -> tuple[np.ndarray, np.ndarray, bool]:
    mean, std = np.array(contract.mean, np.float32), np.array(contract.std, np.float32)
    return mean, std, bool(np.all(mean == 0) and np.all(std == 1))


def _input_contract(preprocess: Preprocess, one: TensorLike, images: bool) -> InputContract:
    shape, dtype = tuple(int(size) for size in one.shape), str(one.dtype)
    image = _image_contract(preprocess, shape) if images and dtype in ("float32", "uint8") else None
    if dtype != "float32":
        return InputContract(one.name, shape, dtype, image=image)
    channels = 1 if len(shape) == 3 and image else shape[-1]
    for key, values in (("mean", preprocess.mean), ("std", preprocess.std)):
        if len(values) not in (1, channels):
            raise InputError(
                f"preprocess {str(preprocess)!r} has {len(values)} values of {key}, but input {one.name} of shape "
                f"{list(shape)} has {channels} channel(s)"
            )
    return InputContract(one.name, shape, dtype, preprocess.mean, preprocess.std, image)


def _image_contract(preprocess: Preprocess, shape: tuple[int, ...]) -> ImageContract | None:
    gray = len(shape) == 3 or (len(shape) == 4 and shape[3] == 1)
    if not gray and not (len(shape) == 4 and shape[3] == 3):
        return None
    if preprocess.color == "gray" and not gray:
        raise InputError(f"color=gray does not fit an input of shape {list(shape)}, which has 3 channels")
    return ImageContract(shape[1], shape[2], "gray" if gray else preprocess.color, preprocess.fit, preprocess.resample)


def _output_contract(one: TensorLike, labels: tuple[str, ...], activation: str) -> OutputContract:
    shape = tuple(int(size) for size in one.shape)
    fitting = labels if _fits_labels(one, len(labels)) else ()
    if len(shape) == 2 and (shape[1] > 1 or fitting):
        return OutputContract(one.name, shape, "classification", activation, fitting)
    return OutputContract(one.name, shape)


def _fits_labels(one: TensorLike, count: int) -> bool:
    return count > 0 and len(one.shape) == 2 and (one.shape[1] == count or (one.shape[1] == 1 and count == 2))


def _key_values(parts: list[str], text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in parts:
        key, _, value = (piece.strip().lower() for piece in part.partition("="))
        if key not in ("mean", "std", *_OPTIONS):
            raise InputError(f"preprocess {text!r}: {key!r} is not one of mean, std, {', '.join(_OPTIONS)}")
        if key in values:
            raise InputError(f"preprocess {text!r}: {key} is given twice")
        if key in _OPTIONS and value not in _OPTIONS[key]:
            raise InputError(f"preprocess {text!r}: {key}={value} is not one of {', '.join(_OPTIONS[key])}")
        values[key] = value
    return values


def _custom(numbers: dict[str, tuple[float, ...]], text: str) -> Preprocess:
    mean, std = numbers.get("mean", (0.0,)), numbers.get("std", (1.0,))
    if 1 not in (len(mean), len(std)) and len(mean) != len(std):
        raise InputError(f"preprocess {text!r}: {len(mean)} values of mean, but {len(std)} of std")
    return Preprocess("custom", mean, std)


def _numbers(value: str, key: str, text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(piece) for piece in value.split("/"))
    except ValueError:
        raise InputError(f"preprocess {text!r}: {key}={value} is not numbers separated by /") from None
    for number in numbers:
        too_large = not math.isfinite(number) or abs(number) > _FLOAT32_MAX
        if too_large or (key == "std" and number < _FLOAT32_MIN):
            allowed = "a positive number" if key == "std" else "a finite number"
            raise InputError(f"preprocess {text!r}: {key}={value} is not {allowed} that float32 can hold")
    return numbers


def _join(numbers: tuple[float, ...]) -> str:
    return "/".join(repr(float(number)) for number in numbers)
