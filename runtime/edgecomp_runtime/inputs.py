"""What `edgecomp-runtime run` is given on the command line -> samples, one at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Optional

import numpy as np

from .batches import is_batch
from .contract import Contract
from .errors import InputError

# In a folder these are taken for photos, here and where calibration reads one; a file that is named is always tried.
PHOTO_SUFFIXES = frozenset(
    {".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm"}
    | {".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"}
)


_LABELS = frozenset({"label", "labels", "class", "class_name", "y", "target", "category"})
"""Headers of a column that is no input but the answer; the same as where such a table is calibrated with."""


class Item(NamedTuple):
    """One sample that has not been read yet.

    Args:
        name: what it is called in answers and errors.
        read: gives the raw sample for `Model.predict`, or raises InputError.
        label: the answer that is stored beside it, as it is stored; None where there is none.
    """

    name: str
    read: Callable[[], Any]
    label: Any = None


def ready(name: str, sample: Any) -> Item:
    """A sample that is there already, as an item."""
    return Item(name, partial(_itself, sample))


def iterate_inputs(arguments: Sequence[str], contract: Contract) -> Iterator[Item]:
    """The samples that arguments stand for, in their order.

    Args:
        arguments: photos, folders of photos, `.npy`, `.npz` (an array `x`, or one for each input by its name) and
            `.csv` (one sample a row; a first row of names is skipped, and so is a column that it calls a label).
        contract: the model's.

    Raises:
        InputError: a file is missing, or holds nothing that can be read.
    """
    for argument in arguments:
        path = Path(argument)
        suffix = path.suffix.lower()
        if path.is_dir():
            yield from _folder(path)
        elif not path.exists():
            raise InputError(f"{argument}: there is no such file; check the path")
        elif suffix == ".npy":
            yield from _samples(argument, {contract.inputs[0].name: _load_numpy(path)}, None, contract)
        elif suffix == ".npz":
            yield from _samples(argument, *_npz(path, contract), contract)
        elif suffix == ".csv":
            yield from _csv(path, contract)
        else:
            yield Item(argument, partial(str, argument))


def _itself(sample: Any) -> Any:
    return sample


def _folder(folder: Path) -> Iterator[Item]:
    photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file())
    if not photos:
        raise InputError(f"{folder}: there are no photos in this folder; name another")
    for path in photos:
        yield Item(str(path), partial(str, path))


def _samples(
    name: str, arrays: dict[str, np.ndarray], labels: Optional[np.ndarray], contract: Contract
) -> Iterator[Item]:
    batched = [is_batch(one, arrays[one.name]) for one in contract.inputs]
    if not any(batched):
        yield Item(name, lambda: arrays, labels)
        return
    lengths = {len(array) for array in arrays.values()}
    if not all(batched) or len(lengths) != 1:
        raise InputError(f"{name}: its arrays do not all hold the same number of samples; give as many of each")
    count = lengths.pop()
    if labels is not None and (labels.ndim == 0 or len(labels) != count):
        raise InputError(
            f"{name}: y has the shape {list(labels.shape)}, but there are {count} samples; give one label for each"
        )
    for row in range(count):
        yield Item(f"{name}[{row}]", partial(_row, arrays, row), None if labels is None else labels[row])


def _row(arrays: dict[str, np.ndarray], row: int) -> dict[str, np.ndarray]:
    return {name: array[row] for name, array in arrays.items()}


def _npz(path: Path, contract: Contract) -> tuple[dict[str, np.ndarray], Optional[np.ndarray]]:
    """Arrays by input name, and the labels."""
    names = [one.name for one in contract.inputs]
    with _load_numpy(path) as archive:
        try:
            labels = archive["y"] if "y" in archive.files and "y" not in names else None
            if set(names) <= set(archive.files):
                return {name: archive[name] for name in names}, labels
            if len(names) == 1 and "x" in archive.files:
                return {names[0]: archive["x"]}, labels
        except (ValueError, OSError, EOFError) as error:
            raise InputError(f"{path}: cannot be read ({error})") from None
    wanted = "x" if len(names) == 1 else ", ".join(names)
    raise InputError(f"{path}: holds {', '.join(archive.files) or 'nothing'}; the model needs {wanted}")


def _load_numpy(path: Path) -> Any:
    try:
        # Pickled objects could run code; arrays of any size are mapped, not read.
        return np.load(path, allow_pickle=False, mmap_mode="r" if path.suffix.lower() == ".npy" else None)
    except Exception as error:  # NumPy raises what its readers raise: ValueError, OSError, EOFError, SyntaxError, ...
        raise InputError(f"{path}: is not a NumPy file of plain numbers ({error})") from None


def _csv(path: Path, contract: Contract) -> Iterator[Item]:
    if len(contract.inputs) != 1:
        raise InputError(f"{path}: a .csv can only feed a model of one input; use .npz with one array for each input")
    shape = contract.inputs[0].shape[1:]
    found, label = False, None
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if not row:
                    continue
                if number == 1 and _is_header(row):
                    label = next((column for column, name in enumerate(row) if name.strip().lower() in _LABELS), None)
                    continue
                found = True
                numbers = [text for column, text in enumerate(row) if column != label]
                name, answer = f"{path}:{number}", row[label] if label is not None and label < len(row) else None
                yield Item(name, partial(_numbers, numbers, name, shape), answer)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError(f"{path}: is not a text of comma-separated numbers ({error})") from None
    if not found:
        raise InputError(f"{path}: there are no rows of numbers in it")


def _is_header(row: list[str]) -> bool:
    return not _is_number(row[0]) or any(name.strip().lower() in _LABELS for name in row)


def _numbers(row: list[str], where: str, shape: tuple[int, ...]) -> np.ndarray:
    wrong = next((column for column, text in enumerate(row, start=1) if not _is_number(text)), None)
    if wrong is not None:
        raise InputError(f"{where}: column {wrong} is {row[wrong - 1]!r}, not a number")
    if len(row) != int(np.prod(shape)):
        raise InputError(f"{where}: has {len(row)} numbers, the model takes {int(np.prod(shape))}")
    return np.array([float(text) for text in row]).reshape(shape)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
