"""Samples with the answers that they should get: a folder of class sub-folders, `.npz` with `x` and `y`, or `.csv`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Union

import numpy as np

from ..contract import Contract, OutputContract
from ..errors import InputError
from ..inputs import PHOTO_SUFFIXES, Item, iterate_inputs

Label = Union[int, np.ndarray, None]
"""A class index, a target of the output's size, or None where there is no label."""

_NOT_DATA = frozenset({"__MACOSX", "__pycache__"})


class Labelled(NamedTuple):
    """One sample that has not been read yet, and its label."""

    item: Item
    label: Label


def judged_output(contract: Contract) -> OutputContract:
    """The output that labels are for: the first that classifies, as `Model.classify` takes it, else the first."""
    return next((one for one in contract.outputs if one.kind == "classification"), contract.outputs[0])


def labelled_samples(path: str, contract: Contract) -> Iterator[Labelled]:
    """The samples of a data set, in its order.

    The class of a photo is its sub-folder: by its name where the model names its classes, else by its place among the
    sub-folders sorted by name, as Keras does. A flat folder has no labels.

    Args:
        path: a folder of photos, `.npz` (`x`, or an array for each input, and `y`), `.csv` of numbers with a column
            called label, or anything that `edgecomp-runtime run` takes, without labels.
        contract: the model's.

    Raises:
        InputError: it cannot be read, or a label is no answer that the model can give.
    """
    output = judged_output(contract)
    if Path(path).is_dir():
        yield from _folder(Path(path), output)
        return
    for item in iterate_inputs([path], contract):
        yield Labelled(item, _label(item.label, output, item.name))


def _folder(folder: Path, output: OutputContract) -> Iterator[Labelled]:
    classes = [one for one in _entries(folder) if one.is_dir()]
    photos = {one.name: list(_photos(one)) for one in classes}
    if not any(photos.values()):
        for item in iterate_inputs([str(folder)], Contract((), ())):
            yield Labelled(item, None)
        return
    index = _class_indices(folder, [one.name for one in classes], output)
    for name, files in photos.items():
        for file in files:
            yield Labelled(Item(str(file), file.__fspath__), index[name])


def _class_indices(folder: Path, names: Sequence[str], output: OutputContract) -> dict[str, int]:
    if output.kind != "classification":
        raise InputError(f"{folder}: its sub-folders are classes, but the model gives values; give .npz with x and y")
    known = output.labels
    if known:
        strange = next((name for name in names if name not in known), None)
        if strange is not None:
            raise InputError(f"{folder}: the sub-folder {strange!r} is none of the model's classes ({_listed(known)})")
        return {name: known.index(name) for name in names}
    if len(names) != _class_count(output):
        raise InputError(
            f"{folder}: has {len(names)} sub-folders ({_listed(names)}), but the model has {_class_count(output)} "
            "classes, whose names are not known; give --labels, or a bundle that has them"
        )
    return {name: place for place, name in enumerate(names)}


def _entries(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be read ({error.strerror})") from None
    return [folder / name for name in names if not name.startswith(".") and name not in _NOT_DATA]


def _photos(folder: Path) -> Iterator[Path]:
    for root, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith(".") and name not in _NOT_DATA)
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in PHOTO_SUFFIXES:
                yield Path(root, name)


def _label(stored: Any, output: OutputContract, where: str) -> Label:
    """A label as a data set stores it -> a class index of a classifier, or a target."""
    if stored is None:
        return None
    if output.kind != "classification":
        return _target(stored, output, where)
    index = _class_index(stored, output)
    if index is None or not 0 <= index < _class_count(output):
        named = f", nor a name among {_listed(output.labels)}" if output.labels else ""
        raise InputError(f"{where}: the label {stored} is no class from 0 to {_class_count(output) - 1}{named}")
    return index


def _class_index(stored: Any, output: OutputContract) -> Union[int, None]:
    value = np.asarray(stored)
    if value.size == 1 and value.dtype.kind in "SU":
        raw = value.reshape(-1)[0]
        text = (raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)).strip()
        if text in output.labels:
            return output.labels.index(text)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if value.dtype.kind not in "buif":
        return None
    if value.size == 1:
        number = float(value.reshape(-1)[0])
        return int(number) if number.is_integer() else None
    one_hot = value.ndim == 1 and bool(np.all((value == 0) | (value == 1))) and int(value.sum()) == 1
    return int(np.argmax(value)) if one_hot else None


def _target(stored: Any, output: OutputContract, where: str) -> np.ndarray:
    try:
        target = np.asarray(stored, np.float32)
    except ValueError:
        raise InputError(f"{where}: the label {stored!r} is not a number, and the model gives values") from None
    wanted = int(np.prod(output.shape))
    if target.size != wanted:
        raise InputError(f"{where}: the label has {target.size} values, the model's output {output.name} has {wanted}")
    return target


def _class_count(output: OutputContract) -> int:
    return max(output.shape[-1], 2)  # a single score tells two classes apart


def _listed(items: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown}, … ({len(items)} in all)"
