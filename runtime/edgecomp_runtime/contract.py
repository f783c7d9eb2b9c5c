"""The one preprocessing contract: how raw values become an input tensor, and what an output tensor means.

Calibration, evaluation, benchmarks, the bundle and the device all go through these classes, so that what is
measured is what runs. A contract is plain data: `Contract.to_dict` is what a bundle's manifest carries.

The arithmetic is stated exactly, so that other languages can repeat it: a raw value becomes
`(float32(raw) - float32(mean)) / float32(std)`, each step rounded to float32, channel by channel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from .errors import InputError

COLORS = ("rgb", "bgr", "gray")
FITS = ("stretch", "crop", "pad")
RESAMPLES = ("nearest", "bilinear", "bicubic", "lanczos")
OUTPUT_KINDS = ("classification", "values")
ACTIVATIONS = ("none", "softmax", "sigmoid")
DTYPES = ("float32", "float16", "float64", "bool", "int8", "uint8", "int16", "int32", "int64")


# The limits of normal float32 numbers, rounded inwards.
_LARGEST = 3.4e38
_LEAST_STD = 1.2e-38


class ContractError(InputError):
    """A contract that cannot be read, or a value that does not fit it."""


@dataclass(frozen=True)
class ImageContract:
    """How a photo becomes an array of height x width x channels, uint8.

    Args:
        height: rows of the model's input, in pixels.
        width: columns of the model's input, in pixels.
        color: order of the channels: "rgb", "bgr" or "gray" (one channel, ITU-R 601 luma).
        fit: "stretch" (each axis on its own), "crop" (keep the aspect ratio, cut the borders off evenly) or
            "pad" (keep the aspect ratio, fill the borders with black).
        resample: Pillow's filter of that name; all but "nearest" are antialiased.
    """

    height: int
    width: int
    color: str = "rgb"
    fit: str = "stretch"
    resample: str = "bilinear"


@dataclass(frozen=True)
class InputContract:
    """One input tensor of the model, batch axis included.

    Args:
        name: the input's name in the model's signature.
        shape: the tensor's shape, batch of 1 first.
        dtype: dtype of the value before quantization: "float32", or an integer dtype for ids, which are passed as
            they are.
        mean: subtracted from raw values; one number, or one per channel (last axis).
        std: divides what is left; one number, or one per channel (last axis).
        image: how a photo is brought to the tensor's shape, or None where the input is not a photo.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    image: Optional[ImageContract] = None


@dataclass(frozen=True)
class OutputContract:
    """One output tensor of the model, batch axis included.

    Args:
        name: the output's name in the model's signature.
        shape: the tensor's shape, batch of 1 first.
        kind: "classification" (scores per class on the last axis) or "values" (anything else).
        activation: what still has to be applied for scores to be probabilities: "none", "softmax" or "sigmoid".
        labels: class names in the order of the last axis; empty where there are none.
    """

    name: str
    shape: tuple[int, ...]
    kind: str = "values"
    activation: str = "none"
    labels: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Contract:
    """Everything an application needs to know to use the model.

    Args:
        inputs: the input tensors, in the order of the model's signature.
        outputs: the output tensors, in the order of the model's signature.
        preprocess: the name by which the normalization was asked for (`0..1`, `imagenet-torch`, ...).
    """

    inputs: tuple[InputContract, ...]
    outputs: tuple[OutputContract, ...]
    preprocess: str = "none"

    def to_dict(self) -> dict[str, Any]:
        """The contract as JSON-ready data; `Contract.from_dict` reads it back."""
        return {
            "preprocess": self.preprocess,
            "inputs": [_input_to_dict(one) for one in self.inputs],
            "outputs": [_output_to_dict(one) for one in self.outputs],
        }

    @staticmethod
    def from_dict(data: Any) -> Contract:
        """Reads what `to_dict` wrote, checking every field.

        Raises:
            ContractError: a field is missing, of the wrong type or has a value this version does not know.
        """
        try:
            return Contract(
                inputs=tuple(_input_from_dict(one) for one in _one_of_type(data["inputs"], list, "inputs")),
                outputs=tuple(_output_from_dict(one) for one in _one_of_type(data["outputs"], list, "outputs")),
                preprocess=_one_of_type(data["preprocess"], str, "preprocess"),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            raise ContractError(f"the preprocessing contract cannot be read: {reason}") from error


def _input_to_dict(one: InputContract) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": one.name,
        "shape": list(one.shape),
        "dtype": one.dtype,
        "mean": list(one.mean),
        "std": list(one.std),
    }
    if one.image is not None:
        image = one.image
        data["image"] = {
            "height": image.height,
            "width": image.width,
            "color": image.color,
            "fit": image.fit,
            "resample": image.resample,
        }
    return data


def _output_to_dict(one: OutputContract) -> dict[str, Any]:
    return {
        "name": one.name,
        "shape": list(one.shape),
        "kind": one.kind,
        "activation": one.activation,
        "labels": list(one.labels),
    }


def _input_from_dict(raw: Any) -> InputContract:
    data = _one_of_type(raw, dict, "an input")
    std = _numbers(data["std"], "std")
    if any(abs(number) < _LEAST_STD for number in std):
        raise ValueError("std contains 0, or a number that is 0 in float32")
    shape = _shape(data["shape"])
    mean = _numbers(data["mean"], "mean")
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, shape[-1]):
            raise ValueError(f"{name} has {len(values)} values for {shape[-1]} channels")
    return InputContract(
        name=_one_of_type(data["name"], str, "name"),
        shape=shape,
        dtype=_choice(data["dtype"], DTYPES, "dtype"),
        mean=mean,
        std=std,
        image=_image_from_dict(data["image"], shape) if data.get("image") is not None else None,
    )


def _image_from_dict(raw: Any, shape: tuple[int, ...]) -> ImageContract:
    data = _one_of_type(raw, dict, "image")
    image = ImageContract(
        height=_positive(data["height"], "height"),
        width=_positive(data["width"], "width"),
        color=_choice(data["color"], COLORS, "color"),
        fit=_choice(data["fit"], FITS, "fit"),
        resample=_choice(data["resample"], RESAMPLES, "resample"),
    )
    size = (image.height, image.width)
    fitting = ((1, *size), (1, *size, 1)) if image.color == "gray" else ((1, *size, 3),)
    if shape not in fitting:
        raise ValueError(f"a {image.color} photo of {image.height} x {image.width} does not fit shape {list(shape)}")
    return image


def _output_from_dict(raw: Any) -> OutputContract:
    data = _one_of_type(raw, dict, "an output")
    return OutputContract(
        name=_one_of_type(data["name"], str, "name"),
        shape=_shape(data["shape"]),
        kind=_choice(data["kind"], OUTPUT_KINDS, "kind"),
        activation=_choice(data["activation"], ACTIVATIONS, "activation"),
        labels=tuple(_one_of_type(one, str, "label") for one in _one_of_type(data["labels"], list, "labels")),
    )


def _one_of_type(value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r}, not a {kind.__name__}")
    return value


def _choice(value: Any, allowed: tuple[str, ...], name: str) -> str:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, not one of {', '.join(allowed)}")
    return str(value)


def _positive(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is {value!r}, not a positive integer")
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise TypeError(f"shape is {value!r}, not a list of integers")
    return tuple(_positive(size, "a size in shape") for size in value)


def _numbers(value: Any, name: str) -> tuple[float, ...]:
    if not isinstance(value, list) or not value:
        raise TypeError(f"{name} is {value!r}, not a list of numbers")
    if any(isinstance(number, bool) or not isinstance(number, (int, float)) for number in value):
        raise TypeError(f"{name} is {value!r}, not a list of numbers")
    numbers = tuple(float(number) for number in value)
    if not all(abs(number) <= _LARGEST for number in numbers):  # false for NaN, too
        raise ValueError(f"{name} is not finite in float32")
    return numbers
