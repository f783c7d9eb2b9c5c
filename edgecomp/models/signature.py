"""Inputs and outputs of an opened model: shapes without unknown sizes, and names fit for a signature."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import InputError
from .opened import TensorSpec

Shape = tuple[int | None, ...]
FixInput = Callable[[str, Shape], Shape]
InputShape = tuple[int, ...] | Mapping[str, Sequence[int]] | None


class InputShapes:
    """The shapes a user gave with --input-shape, applied to the inputs as they are met."""

    def __init__(self, given: InputShape) -> None:
        self.given = given

    def fix(self, name: str, shape: Shape) -> Shape:
        """The shape of an input: the file's, its unknown sizes filled with the user's.

        Args:
            name: the input's name.
            shape: the shape in the file, batch axis first; () where the file does not say any.

        Raises:
            InputError: the user's shape contradicts the file's, or sizes are unknown and none were given.
        """
        wanted = self._wanted(name)
        if wanted is None:
            if not shape or None in shape[1:]:
                raise unknown_sizes(name, shape)
            return shape
        if shape and len(wanted) == len(shape) and wanted[0] == 1:
            wanted = wanted[1:]
        if any(not isinstance(size, int) or size < 1 for size in wanted):
            raise InputError(f"--input-shape {_show(wanted)}: every size must be a positive integer")
        if shape and (
            len(wanted) != len(shape) - 1
            or any(size not in (None, new) for size, new in zip(shape[1:], wanted, strict=True))
        ):
            raise InputError(
                f"--input-shape {_show(wanted)} does not fit the input {name}, which is {_show(shape[1:])} in the file"
            )
        return (None, *wanted)

    def check_names(self, names: Sequence[str]) -> None:
        """Refuses a name that no input has, and one shape for several inputs."""
        if isinstance(self.given, Mapping):
            for name in self.given:
                if name not in names and legal_name(name) not in map(legal_name, names):
                    raise InputError(f"--input-shape names the input {name}; the model's are {', '.join(names)}")

    def _wanted(self, name: str) -> tuple[int, ...] | None:
        if self.given is None:
            return None
        if not isinstance(self.given, Mapping):
            return tuple(self.given)
        for key, value in self.given.items():
            if key == name or legal_name(key) == legal_name(name):
                return tuple(value)
        return None


def unknown_sizes(name: str, shape: Shape) -> InputError:
    """The error for an input whose sizes are not all known."""
    seen = f"is {_show(shape[1:])}" if shape else "has no shape"
    return InputError(
        f"the input {name} {seen} in the file: say its size with --input-shape, such as --input-shape 224,224,3 "
        f"(for several inputs --input-shape {name}=224,224,3)"
    )


def _show(shape: Sequence[int | None]) -> str:
    return ",".join("?" if size is None else str(size) for size in shape) or "()"


def legal_name(name: str) -> str:
    """A name made of letters, digits and `_`, not starting with a digit."""
    cleaned = re.sub(r"\W", "_", name, flags=re.ASCII)
    return cleaned if cleaned and not cleaned[0].isdigit() else f"_{cleaned}"


def unique_legal_names(names: Sequence[str]) -> tuple[str, ...]:
    """Legal names, the repeated ones numbered."""
    taken: list[str] = []
    for name in map(legal_name, names):
        candidate, counter = name, 0
        while candidate in taken:
            counter += 1
            candidate = f"{name}_{counter}"
        taken.append(candidate)
    return tuple(taken)


def keras_specs(model: Any) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """The inputs and outputs of a Keras model, with a batch of 1.

    Raises:
        InputError: an input's size is not known.
    """
    inputs = _specs(model.inputs, [tensor.name for tensor in model.inputs])
    for spec, tensor in zip(inputs, model.inputs, strict=True):
        if None in tensor.shape[1:]:
            raise unknown_sizes(spec.name, tuple(tensor.shape))
    if any(None in tensor.shape[1:] for tensor in model.outputs):
        return inputs, _measured(model)
    return inputs, _specs(model.outputs, _output_names(model))


def _specs(tensors: Sequence[Any], names: Sequence[str]) -> tuple[TensorSpec, ...]:
    legal = unique_legal_names(names)
    return tuple(
        TensorSpec(name, (1, *(size or 1 for size in tensor.shape[1:])), str(tensor.dtype))
        for name, tensor in zip(legal, tensors, strict=True)
    )


def _output_names(model: Any) -> list[str]:
    """Each output is called by the layer it comes from."""
    outputs = getattr(model, "_functional", None) or model
    if getattr(model, "_functional", None) is not None:
        return [model.layers[-1].name]
    return [tensor._keras_history.operation.name for tensor in outputs.outputs]


def _measured(model: Any) -> tuple[TensorSpec, ...]:
    """The outputs of one run on zeros, where shapes are only known then."""
    import keras
    import numpy as np

    zeros = [np.zeros((1, *tensor.shape[1:]), str(tensor.dtype)) for tensor in model.inputs]
    outputs = keras.tree.flatten(model(zeros[0] if len(zeros) == 1 else zeros, training=False))
    names = unique_legal_names(_output_names(model))
    return tuple(
        TensorSpec(name, tuple(int(size) for size in one.shape), keras.backend.standardize_dtype(one.dtype))
        for name, one in zip(names, outputs, strict=True)
    )
