"""Samples in a row, stacked: what NumPy does to all of them at a time costs a tenth of doing it one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from edgecomp_runtime.contract import InputContract
from edgecomp_runtime.preprocess import arrange

BATCH_BYTES = 1 << 20
BATCH_SAMPLES = 256
"""What is read at a time: enough that the overhead is spread thin, little enough to stay in a processor's cache."""


Label = int | np.ndarray | None
"""Class index, target array, or none."""


class Batch(NamedTuple):
    """Samples in a row.

    Args:
        names: what error messages call them.
        values: of each input by name, stacked along the first axis; raw as they come, or arranged in the tensors'
            shapes.
        labels: of each.
    """

    names: Sequence[str]
    values: dict[str, np.ndarray]
    labels: Sequence[Label]


def one_by_one(batch: Batch) -> Iterator[tuple[str, dict[str, np.ndarray], Label]]:
    """Name, values and label of each sample; values keep a batch axis of 1, and are views of the batch."""
    for place, (name, label) in enumerate(zip(batch.names, batch.labels, strict=True)):
        yield name, {key: value[place : place + 1] for key, value in batch.values.items()}, label


def samples_together(row_bytes: int) -> int:
    """How many samples of so many bytes make a batch; at least 1."""
    return max(1, min(BATCH_SAMPLES, BATCH_BYTES // max(1, row_bytes)))


def arrange_together(contract: InputContract, raw: np.ndarray) -> np.ndarray | None:
    """`edgecomp_runtime.preprocess.arrange` for samples that have the tensor's very shape, all at once.

    Args:
        contract: the input's; its shape has a batch of 1 first.
        raw: [n, *shape of one sample].

    Returns:
        [n, *shape of one sample], of what `arrange` gives for each; None for samples of another shape, such as photos
        that have to be scaled.

    Raises:
        InputError: the values do not fit the tensor.
    """
    if raw.shape[1:] != contract.shape[1:]:
        return None
    if contract.image is not None and raw.dtype == np.uint8:
        return np.ascontiguousarray(raw[..., ::-1]) if contract.image.color == "bgr" else raw
    return arrange(replace(contract, shape=raw.shape), raw)
