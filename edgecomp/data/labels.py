"""Labels as people store them -> class indices with names, or targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..wording import listed

_MOST_DIGITS = 18
"""Whole numbers beyond this do not fit int64, and are no class index."""


@dataclass(frozen=True)
class Labels:
    """The labels of a set.

    Args:
        values: int64 of shape [n] (class indices), or float32 / int64 of shape [n, ...] (targets).
        names: names of the classes in the order of their indices; empty where there are none.
    """

    values: np.ndarray
    names: tuple[str, ...] = ()

    @property
    def classes(self) -> np.ndarray | None:
        """The class indices, or None where the labels are targets."""
        return self.values if self.values.ndim == 1 and self.values.dtype.kind == "i" else None

    def at(self, position: int) -> int | np.ndarray:
        """The label of one sample: a class index, or a target."""
        value = self.values[position]
        return int(value) if self.classes is not None else np.asarray(value)

    def of(self, positions: np.ndarray) -> Sequence[int | np.ndarray]:
        """The labels of several samples."""
        values = self.values[positions]
        return values.tolist() if self.classes is not None else [np.asarray(value) for value in values]


def from_names(names: Sequence[str], known: Sequence[str] | None, where: str) -> Labels:
    """Class indices from the classes' names.

    Args:
        names: the label of each sample.
        known: the classes in the order of the model's outputs; None to sort the names as Keras does.
        where: the file, for messages.

    Raises:
        InputError: a name is not among the known ones.
    """
    order = tuple(known) if known else tuple(sorted(set(names)))
    index = {name: position for position, name in enumerate(order)}
    for position, name in enumerate(names):
        if name not in index:
            raise InputError(
                f"{where}: label {name!r} (sample {position}) is not one of the labels given: {listed(order)}"
            )
    return Labels(np.array([index[name] for name in names], np.int64), order)


def from_texts(texts: Sequence[str], known: Sequence[str] | None, where: str) -> Labels:
    """Labels from the cells of a table: whole numbers are class indices, other numbers targets, anything else names.

    Args:
        texts: the label of each sample.
        known: the classes in the order of the model's outputs, or None.
        where: the file, for messages.

    Raises:
        InputError: a name is not among the known ones.
    """
    if known and set(texts) <= set(known):
        return from_names(texts, known, where)
    if all(_is_index(text) for text in texts):
        return Labels(np.array([int(text) for text in texts], np.int64), tuple(known or ()))
    try:
        return Labels(np.array([float(text) for text in texts], np.float32))
    except ValueError:
        return from_names(texts, known, where)


def from_array(values: np.ndarray, known: Sequence[str] | None, where: str) -> Labels:
    """Labels from an array: whole numbers are class indices, one-hot rows too; other numbers are targets.

    Args:
        values: [n], [n, 1], one-hot [n, classes], or targets [n, ...].
        known: the classes in the order of the model's outputs, or None.
        where: the array, for messages.

    Raises:
        InputError: the values are neither numbers nor text.
    """
    flat = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if flat.dtype.kind in "US" and flat.ndim == 1:
        return from_names([_text(value) for value in flat], known, where)
    if flat.dtype.kind not in "buif":
        raise InputError(f"{where}: labels of dtype {flat.dtype} are neither numbers nor text; store class indices")
    names = tuple(known or ())
    if flat.dtype.kind in "bui" and flat.ndim == 1:
        return Labels(flat.astype(np.int64), names)
    if _one_hot(flat):
        return Labels(np.argmax(flat, axis=1).astype(np.int64), names)
    return Labels(flat.astype(np.int64 if flat.dtype.kind in "bui" else np.float32), names)


def as_class(label: int | np.ndarray | None) -> int | np.ndarray | None:
    """The class index where a label is one whole number stored as a fraction; else the label as it is."""
    if isinstance(label, np.ndarray) and label.size == 1 and float(label.reshape(())).is_integer():
        return int(label.reshape(()))
    return label


def read_labels(path: str | Path) -> tuple[str, ...]:
    """Reads a labels file: a name a line, in the order of the model's outputs; numbered lines (`0 cat`) are allowed.

    Args:
        path: a UTF-8 text file.

    Raises:
        InputError: it cannot be read, is empty, or names a class twice.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: the labels cannot be read ({error}); give a UTF-8 text file, one name a line"
        ) from None
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise InputError(f"{path}: holds no labels; write one name a line, in the order of the model's outputs")
    numbered = [name.split(maxsplit=1) for name in names]
    if all(len(parts) == 2 and parts[0] == str(index) for index, parts in enumerate(numbered)):
        names = [parts[1] for parts in numbered]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InputError(f"{path}: label {name!r} is there twice; each class needs a name of its own")
    return tuple(names)


def _is_index(text: str) -> bool:
    digits = text[1:] if text.startswith("-") else text
    return digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS


def _one_hot(values: np.ndarray) -> bool:
    if values.ndim != 2 or values.shape[1] < 2 or not len(values):
        return False
    ones = values == 1
    return bool(np.all(ones | (values == 0)) and np.all(ones.sum(axis=1) == 1))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
