"""One door for every kind of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..errors import InputError
from ..models.opened import TensorSpec
from .arrays import from_memory, open_npy, open_npz
from .dataset import Dataset
from .functions import load_function, open_function
from .limits import limited
from .photos import open_folder
from .spec import FORMS, FileSpec, FunctionSpec, parse_spec
from .table import open_csv


def open_data(
    spec: str | Path | np.ndarray | tuple[Any, Any] | Mapping[str, Any] | Callable[[], Any] | Dataset,
    *,
    inputs: Sequence[TensorSpec],
    limit: int | None = None,
    labels: Sequence[str] | None = None,
) -> Dataset:
    """Opens a set of samples, whatever it is stored as. Photos and large arrays are read when they are asked for.

    Args:
        spec: a folder of images (class sub-folders are labels), `.npz` (`file.npz:x_test,y_test` chooses its arrays),
            `.npy`, `.csv`, `package.module:function`; or an array, (x, y), a mapping of arrays, a function, or a
            `Dataset`.
        inputs: the model's inputs.
        limit: the most samples to take: evenly spread, balanced over the classes, the same ones every time.
        labels: names of the classes in the order of the model's outputs; None to take them from the data.

    Returns:
        A set that can be iterated any number of times.

    Raises:
        InputError: there is no such data, it cannot be read, or it does not fit the inputs.
    """
    if limit is not None and limit < 1:
        raise InputError(f"the limit on samples is {limit}; give a positive number, or none to take all of them")
    if isinstance(spec, (str, Path)):
        return _open_named(str(spec), inputs, limit, labels)
    if isinstance(spec, (np.ndarray, np.generic, tuple, list, Mapping)):
        return from_memory(spec, inputs, limit, labels)
    if all(hasattr(spec, name) for name in ("source", "kind", "labelled", "skipped")):
        return limited(cast(Dataset, spec), limit)
    if callable(spec):
        name = getattr(spec, "__qualname__", type(spec).__name__)
        return open_function(spec, name, inputs, limit, labels)
    if hasattr(spec, "__next__"):
        raise InputError(
            f"the data is a {type(spec).__name__}, which can be read only once; give the function that makes it instead"
        )
    if hasattr(spec, "__iter__") or hasattr(spec, "__getitem__"):
        return open_function(lambda: spec, type(spec).__name__, inputs, limit, labels)
    raise InputError(f"data of type {type(spec).__name__} cannot be read; give {FORMS}")


def _open_named(text: str, inputs: Sequence[TensorSpec], limit: int | None, labels: Sequence[str] | None) -> Dataset:
    spec = parse_spec(text)
    if isinstance(spec, FunctionSpec):
        return open_function(load_function(spec), text, inputs, limit, labels)
    return _open_file(spec, inputs, limit, labels)


def _open_file(
    spec: FileSpec, inputs: Sequence[TensorSpec], limit: int | None, labels: Sequence[str] | None
) -> Dataset:
    path, suffix = spec.path, spec.path.suffix.lower()
    if path.is_dir():
        return open_folder(path, inputs, limit, labels)
    if suffix == ".npz":
        return open_npz(path, spec.arrays, inputs, limit, labels)
    if suffix == ".npy":
        return open_npy(path, inputs, limit)
    if suffix in (".csv", ".tsv"):
        return open_csv(path, inputs, limit, labels)
    raise InputError(f"{path}: is none of the kinds of data that can be read; give {FORMS}")
