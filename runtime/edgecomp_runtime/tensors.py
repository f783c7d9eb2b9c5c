"""A model's inputs and outputs as the interpreter has them, matched with the contract by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from .contract import Contract
from .errors import InputError
from .quantization import dequantize, quantize

_QUANTIZED = ("int8", "uint8", "int16")
_SUPPORTED = ("float32", "float16", "float64", "bool", "int32", "int64", *_QUANTIZED)


@dataclass(frozen=True)
class Tensor:
    """One input or output of a model.

    Args:
        name: in the model's signature, or the tensor's own where it has none.
        shape: batch of 1 first.
        dtype: of the values that go in or come out: "float32", or an integer dtype where values are not quantized.
        stored_dtype: of the tensor itself: "int8" for a quantized one.
        scale: real size of one quantization step; 0.0 where the tensor is not quantized.
        zero_point: the integer that stands for 0.0.
        index: the interpreter's number for it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    stored_dtype: str
    scale: float
    zero_point: int
    index: int

    @property
    def quantized(self) -> bool:
        """Whether the tensor stores integers that stand for real numbers."""
        return self.scale != 0.0

    def encode(self, values: np.ndarray, scratch: Optional[np.ndarray] = None) -> np.ndarray:
        """Values -> what the tensor stores.

        Args:
            values: real numbers (or integers, where the tensor is not quantized) of any shape.
            scratch: float32 of the same shape, overwritten; saves allocating it.

        Raises:
            InputError: a value for a quantized tensor is not a number.
        """
        if self.quantized:
            return quantize(values, self.scale, self.zero_point, np.dtype(self.stored_dtype), scratch)
        return values.astype(self.stored_dtype, copy=False)

    def decode(self, stored: np.ndarray) -> np.ndarray:
        """What the tensor stores -> float32 values; integers that are not quantized stay as they are."""
        if self.quantized:
            return dequantize(stored, self.scale, self.zero_point)
        return stored if stored.dtype.kind != "f" else stored.astype(np.float32, copy=False)


def read_tensors(interpreter: Any) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The inputs and outputs of an interpreter, in the order of the graph.

    Args:
        interpreter: with its tensors allocated.

    Raises:
        InputError: a tensor has a dtype or a quantization that this package cannot feed.
    """
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    signatures = interpreter._get_full_signature_list()  # the public list has the names, but not which tensor they name
    signature = next(iter(signatures.values())) if len(signatures) == 1 else {}
    return (
        _tensors(inputs, signature.get("inputs", {})),
        _tensors(outputs, signature.get("outputs", {})),
    )


def match_contract(
    contract: Contract, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The tensors in the order of a contract.

    Args:
        contract: what the model is said to have.
        inputs: what it has.
        outputs: likewise.

    Raises:
        InputError: names, shapes or dtypes are not those of the contract.
    """
    matched_inputs = tuple(_find(one.name, one.shape, inputs, "input") for one in contract.inputs)
    matched_outputs = tuple(_find(one.name, one.shape, outputs, "output") for one in contract.outputs)
    if len(matched_inputs) != len(inputs) or len(matched_outputs) != len(outputs):
        raise InputError(
            f"the contract has {len(matched_inputs)} inputs and {len(matched_outputs)} outputs, the model has "
            f"{len(inputs)} and {len(outputs)}"
        )
    for wanted, tensor in zip(contract.inputs, matched_inputs):
        if wanted.dtype != tensor.dtype:
            raise InputError(f"input {wanted.name} is {tensor.dtype} in the model, but {wanted.dtype} in the contract")
    return matched_inputs, matched_outputs


def _tensors(details: Sequence[dict[str, Any]], signature: dict[str, int]) -> tuple[Tensor, ...]:
    names = {index: name for name, index in signature.items()}
    return tuple(_tensor(one, names.get(one["index"], one["name"])) for one in details)


def _tensor(detail: dict[str, Any], name: str) -> Tensor:
    stored_dtype = np.dtype(detail["dtype"]).name
    parameters = detail["quantization_parameters"]
    scales, zero_points = parameters["scales"], parameters["zero_points"]
    if stored_dtype not in _SUPPORTED or len(scales) > 1:
        how = f"{stored_dtype}, quantized per channel" if len(scales) > 1 else stored_dtype
        raise InputError(f"tensor {name} is {how}, which edgecomp-runtime cannot feed")
    scale = float(scales[0]) if len(scales) and stored_dtype in _QUANTIZED else 0.0
    return Tensor(
        name=name,
        shape=tuple(int(size) for size in detail["shape"]),
        dtype="float32" if scale else stored_dtype,
        stored_dtype=stored_dtype,
        scale=scale,
        zero_point=int(zero_points[0]) if scale and len(zero_points) else 0,
        index=int(detail["index"]),
    )


def _find(name: str, shape: tuple[int, ...], tensors: Sequence[Tensor], kind: str) -> Tensor:
    found = next((one for one in tensors if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in tensors)
        raise InputError(f"the contract has an {kind} {name!r}, the model has {names}")
    if found.shape != shape:
        raise InputError(f"{kind} {name} is {list(found.shape)} in the model, but {list(shape)} in the contract")
    return found
