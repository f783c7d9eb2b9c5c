"""The golden samples of a bundle: an .npz that is read with as little trust as all the rest."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..contract import Contract
from ..errors import IntegrityError
from .limits import MAX_TOTAL_BYTES, unpacks_to_too_much
from .manifest import GoldenEntry

if TYPE_CHECKING:
    import numpy as np

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, OSError, NotImplementedError, MemoryError)


@dataclass(frozen=True)
class Goldens:
    """Golden samples: inputs and the outputs they must give.

    Args:
        inputs: for each input in the contract's order an array, samples first, in the tensor's stored dtype.
        outputs: likewise for each output.
    """

    inputs: tuple[np.ndarray, ...]
    outputs: tuple[np.ndarray, ...]


def parse_goldens(data: bytes, entry: GoldenEntry, contract: Contract) -> Goldens:
    """Reads golden samples.

    Args:
        data: the contents of the .npz.
        entry: what the manifest says of it.
        contract: says how many arrays there are, and their shapes.

    Raises:
        IntegrityError: it is not what the manifest says, unpacks to too much, or would run code.
    """
    import numpy as np  # not above: a bundle may be read on a board to which it brings NumPy

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(one.file_size for one in archive.infolist())
        if size > MAX_TOTAL_BYTES or unpacks_to_too_much(len(data), size):
            raise IntegrityError(f"{entry.file} unpacks from {len(data)} to {size} bytes, more than it may have")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            inputs = [arrays[f"input_{index}"] for index in range(len(contract.inputs))]
            outputs = [arrays[f"output_{index}"] for index in range(len(contract.outputs))]
    except _DAMAGE as error:
        raise IntegrityError(f"{entry.file} holds no golden samples that can be read ({error})") from None
    _check_shapes(inputs, [one.shape for one in contract.inputs], entry)
    _check_shapes(outputs, [one.shape for one in contract.outputs], entry)
    return Goldens(tuple(inputs), tuple(outputs))


def _check_shapes(arrays: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]], entry: GoldenEntry) -> None:
    for array, shape in zip(arrays, shapes):
        if array.shape not in ((entry.samples, *shape[1:]), (entry.samples, *shape)):
            raise IntegrityError(
                f"{entry.file} holds an array of shape {list(array.shape)} where {entry.samples} samples of "
                f"{list(shape[1:])} should be"
            )
