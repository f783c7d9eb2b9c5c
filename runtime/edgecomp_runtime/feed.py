"""From what a user hands over to what an input tensor stores; what can be computed beforehand is computed once."""

from __future__ import annotations

import threading
from typing import Any, Optional

import numpy as np

from .batches import as_arrays, is_batch
from .contract import InputContract
from .errors import InputError
from .preprocess import arrange, normalize
from .quantization import look_up, photo_table
from .tensors import Tensor


class Feed:
    """One input of a model: its contract joined with its tensor.

    Args:
        contract: how raw values become the input's values.
        tensor: how those are stored.

    Attributes:
        contract: as given.
        tensor: as given.
        sample_shape: of one sample, without the batch axis.
    """

    def __init__(self, contract: InputContract, tensor: Tensor) -> None:
        self.contract = contract
        self.sample_shape = contract.shape[1:]
        self.tensor = tensor
        self._scratch = threading.local()
        self._table: Optional[np.ndarray] = None
        if contract.image is not None and tensor.quantized:
            self._table = photo_table(contract, tensor.scale, tensor.zero_point, np.dtype(tensor.stored_dtype))

    def as_arrays(self, raw: Any) -> Any:
        """Turns lists of numbers into an array; see `batches.as_arrays`."""
        return as_arrays(self.contract, raw)

    def is_batch(self, raw: Any) -> bool:
        """Whether a value holds several samples; see `batches.is_batch`."""
        return is_batch(self.contract, raw)

    def raw(self, sample: Any) -> np.ndarray:
        """One raw sample -> the stored tensor, full shape.

        Raises:
            InputError: the sample does not fit, or its photo cannot be read.
        """
        arranged = arrange(self.contract, sample)
        if self._table is not None and arranged.dtype == np.uint8:
            return look_up(self._table, arranged)
        if self.contract.dtype == "float32":
            return self._encode(normalize(self.contract, arranged))
        return arranged

    def values(self, sample: Any) -> np.ndarray:
        """One preprocessed sample, or one already in the tensor's stored dtype -> the stored tensor, full shape.

        Raises:
            InputError: the sample does not fit.
        """
        tensor = self.tensor
        array: np.ndarray = np.asarray(sample)
        if array.shape == self.sample_shape:
            array = array.reshape(tensor.shape)
        elif array.shape != tensor.shape:
            raise InputError(
                f"input {tensor.name}: an array of shape {list(array.shape)} does not fit; run() takes preprocessed "
                f"values of shape {list(self.sample_shape)} or {list(tensor.shape)}"
            )
        if array.dtype == tensor.stored_dtype:
            return array
        if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and tensor.dtype != "float32"):
            raise InputError(f"input {tensor.name}: takes {tensor.dtype} values, not {array.dtype}")
        return self._encode(array)

    def _encode(self, values: np.ndarray) -> np.ndarray:
        if not self.tensor.quantized:
            return self.tensor.encode(values)
        # Memory that was just allocated is slow to touch: for a photo that costs as much as the arithmetic.
        scratch: Optional[np.ndarray] = getattr(self._scratch, "array", None)
        if scratch is None:
            scratch = self._scratch.array = np.empty(self.tensor.shape, np.float32)
        return self.tensor.encode(values, scratch)
