"""Sets of arrays: .npz and .npy files, and arrays handed over in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..models.opened import TensorSpec
from ..wording import listed
from .batch import Batch, samples_together
from .dataset import Sample, Skipped, WithLabels
from .given import as_array, by_input, x_and_y
from .labels import Labels, from_array
from .rows import ArrayRows, Rows, npy_rows, npz_members, npz_rows, take_together
from .shapes import array_kind, check_dtype, check_shape
from .subset import choose


@dataclass(frozen=True)
class ArrayDataset(WithLabels):
    """Samples along the first axis of one array for each input, with labels perhaps; see `dataset.Dataset`.

    Args:
        source: what the user named it by.
        kind: "images" (uint8 pixels for an input that takes photos) or "arrays".
        columns: an array of samples for each input, by input name.
        labels: of every sample, or None.
        positions: which samples belong to the set, ascending.
        warnings: sentences a user should read.
    """

    source: str
    kind: str
    columns: dict[str, Rows]
    labels: Labels | None
    positions: np.ndarray
    warnings: tuple[str, ...] = field(default=())

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Nothing: arrays are read whole or not at all."""
        return ()

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Sample]:
        taken = [rows.take(self.positions) for rows in self.columns.values()]
        for position, *values in zip(self.positions, *taken, strict=True):
            yield Sample(
                f"x[{position}]",
                dict(zip(self.columns, values, strict=True)),
                self.labels.at(position) if self.labels else None,
            )

    def batches(self) -> Iterator[Batch]:
        """The same samples, stacked."""
        count = samples_together(sum(prod(rows.shape[1:]) * rows.dtype.itemsize for rows in self.columns.values()))
        together = [take_together(rows, self.positions, count) for rows in self.columns.values()]
        for start, *stacked in zip(range(0, len(self.positions), count), *together, strict=True):
            positions = self.positions[start : start + count]
            yield Batch(
                [f"x[{position}]" for position in positions.tolist()],
                dict(zip(self.columns, stacked, strict=True)),
                self.labels.of(positions) if self.labels else [None] * len(positions),
            )


def open_npy(path: Path, inputs: Sequence[TensorSpec], limit: int | None) -> ArrayDataset:
    """Opens an .npy file of samples for a model with one input.

    Raises:
        InputError: it cannot be read, or does not fit the input.
    """
    if len(inputs) != 1:
        raise InputError(
            f"{path}: an .npy file holds one array, but the model has {len(inputs)} inputs; "
            f"save an .npz file with the arrays {listed([one.name for one in inputs])}"
        )
    return _dataset(str(path), {inputs[0].name: npy_rows(path)}, None, inputs, limit, None)


def open_npz(
    path: Path, chosen: Sequence[str], inputs: Sequence[TensorSpec], limit: int | None, names: Sequence[str] | None
) -> ArrayDataset:
    """Opens arrays of an .npz file.

    Args:
        path: the file.
        chosen: names of the arrays, those of the inputs first, that of the labels last; empty to go by `x` and `y`
            or by the names of the inputs.
        inputs: the model's inputs.
        limit: the most samples wanted.
        names: the classes in the order of the model's outputs, or None.

    Raises:
        InputError: it cannot be read, does not hold such arrays, or they do not fit the inputs.
    """
    members = npz_members(path)
    picked, label = _pick(path, tuple(members), tuple(chosen), inputs)
    columns = {one.name: npz_rows(path, members[key]) for one, key in zip(inputs, picked, strict=True)}
    labels = None if label is None else _whole(npz_rows(path, members[label]))
    return _dataset(str(path), columns, labels, inputs, limit, names)


def from_memory(
    data: Any,
    inputs: Sequence[TensorSpec],
    limit: int | None,
    names: Sequence[str] | None,
    source: str = "the arrays given",
) -> ArrayDataset:
    """A set of arrays handed over in Python.

    Args:
        data: x, (x, y), or a mapping of `x` and perhaps `y`, or of the inputs' names and perhaps `y`; x is an array or,
            for several inputs, a list of arrays or a mapping of arrays by the inputs' names.
        inputs: the model's inputs.
        limit: the most samples wanted.
        names: the classes in the order of the model's outputs, or None.
        source: what messages call it.

    Raises:
        InputError: the arrays do not fit the inputs.
    """
    x, y = x_and_y(data)
    columns: dict[str, Rows] = {name: ArrayRows(value) for name, value in by_input(source, x, inputs).items()}
    return _dataset(source, columns, None if y is None else as_array(f"{source}: y", y), inputs, limit, names)


def _whole(rows: Rows) -> np.ndarray:
    if isinstance(rows, ArrayRows):
        return np.asarray(rows.array)
    return np.stack(list(rows.take(range(rows.shape[0])))) if rows.shape[0] else np.zeros(rows.shape, rows.dtype)


def _pick(
    path: Path, keys: tuple[str, ...], chosen: tuple[str, ...], inputs: Sequence[TensorSpec]
) -> tuple[tuple[str, ...], str | None]:
    wanted = tuple(one.name for one in inputs)
    label = "y" if "y" in keys else None
    missing = [key for key in chosen if key not in keys]
    if chosen and not missing and len(chosen) in (len(inputs), len(inputs) + 1):
        return chosen[: len(inputs)], chosen[len(inputs)] if len(chosen) > len(inputs) else None
    if not chosen and set(wanted) <= set(keys):
        return wanted, label
    if not chosen and len(inputs) == 1 and "x" in keys:
        return ("x",), label
    if not chosen and len(inputs) == 1 and len(keys) == 1:
        return keys, None
    need = "x and perhaps y" if len(inputs) == 1 else f"{', '.join(wanted)} (the model's inputs) and perhaps y"
    example = ",".join(_likely(keys, inputs) or (f"INPUT{i + 1}" for i in range(len(inputs))))
    lacks = f"there is no array {missing[0]!r}" if missing else f"it should hold {need}"
    raise InputError(f"{path}: {lacks}; it holds {listed(keys) or 'no arrays'}. Choose them as {path}:{example}")


def _likely(keys: tuple[str, ...], inputs: Sequence[TensorSpec]) -> tuple[str, ...]:
    for pair in (("x_train", "y_train"), ("x_test", "y_test"), ("images", "labels"), ("X", "y"), ("data", "target")):
        if len(inputs) == 1 and set(pair) <= set(keys):
            return pair
    return keys if len(keys) in (len(inputs), len(inputs) + 1) else ()


def _dataset(
    source: str,
    columns: dict[str, Rows],
    labels: np.ndarray | None,
    inputs: Sequence[TensorSpec],
    limit: int | None,
    names: Sequence[str] | None,
) -> ArrayDataset:
    counts = {name: _count(source, name, rows) for name, rows in columns.items()}
    if labels is not None:
        counts["y"] = len(labels) if labels.ndim else 0
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise InputError(f"{source}: the arrays differ in their number of samples: {told}; give as many of each")
    count = next(iter(counts.values()))
    if count == 0:
        raise InputError(f"{source}: is empty; give at least one sample")
    for one in inputs:
        rows = columns[one.name]
        check_dtype(f"{source}: {one.name}", rows.dtype, one)
        check_shape(f"{source}: {one.name}", rows.shape[1:], one)
    made = None if labels is None else from_array(labels, names, f"{source}: y")
    kinds = {array_kind(columns[one.name].dtype, columns[one.name].shape[1:], one) for one in inputs}
    kind = "images" if "images" in kinds else "arrays"
    return ArrayDataset(source, kind, columns, made, choose(count, made.classes if made else None, limit))


def _count(source: str, name: str, rows: Rows) -> int:
    if not rows.shape:
        raise InputError(
            f"{source}: {name} is a single number, not an array of samples; give one with the samples first"
        )
    return rows.shape[0]
