"""CSV files: photos with their labels, or rows of numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..models.opened import TensorSpec
from ..wording import listed
from .dataset import Sample, Skipped, WithLabels
from .folder import is_photo_name
from .labels import Labels, from_texts
from .photos import PhotoDataset, of_files, photo_input
from .subset import choose

FILE_HEADERS = frozenset(
    {"file", "filename", "filepath", "file_name", "file_path", "path"}
    | {"image", "image_file", "image_path", "img", "photo"}
)
LABEL_HEADERS = frozenset({"label", "labels", "class", "class_name", "y", "target", "category"})

_DELIMITERS = (",", ";", "\t")
_ENOUGH_CHARACTERS = 1 << 16
"""What is read to see how a file is laid out."""


@dataclass(frozen=True)
class Layout:
    """How a CSV file is laid out.

    Args:
        delimiter: between its cells.
        header: the cells of its first line, or None where that is a row already.
        columns: cells in a row.
        photos: whether rows name photos, else they hold numbers.
        file_column: where the photo's path is; None for rows of numbers.
        label_column: where the label is, or None.
    """

    delimiter: str
    header: tuple[str, ...] | None
    columns: int
    photos: bool
    file_column: int | None
    label_column: int | None


@dataclass(frozen=True)
class TableDataset(WithLabels):
    """Rows of numbers of a CSV file, read anew on every pass; see `dataset.Dataset`."""

    source: str
    path: Path
    layout: Layout
    input: TensorSpec
    labels: Labels | None
    positions: np.ndarray
    warnings: tuple[str, ...] = ()
    kind: str = "arrays"

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Nothing: a row that cannot be read is an error."""
        return ()

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Sample]:
        wanted = iter(self.positions)
        following = next(wanted, None)
        for position, (line, cells) in enumerate(_rows(self.path, self.layout)):
            if following is None:
                return
            if position == following:
                yield self._sample(position, line, cells)
                following = next(wanted, None)
        if following is not None:
            raise InputError(f"{self.path}: became shorter while it was read; start again")

    def _sample(self, position: int, line: int, cells: Sequence[str]) -> Sample:
        numbers = [
            _number(cell, self.path, line, self._column_name(column))
            for column, cell in enumerate(cells)
            if column != self.layout.label_column
        ]
        values = np.array(numbers, np.float32 if self.input.dtype == "float32" else np.float64)
        inputs = {self.input.name: values.reshape(self.input.shape[1:])}
        return Sample(f"line {line}", inputs, self.labels.at(position) if self.labels else None)

    def _column_name(self, column: int) -> str:
        return repr(self.layout.header[column]) if self.layout.header else str(column + 1)


def open_csv(
    path: Path, inputs: Sequence[TensorSpec], limit: int | None, names: Sequence[str] | None
) -> TableDataset | PhotoDataset:
    """Opens a CSV file of photos and labels (paths relative to the file), or of numbers with a label column perhaps.

    Args:
        path: the file; `,`, `;` or tab between cells, a header line or none.
        inputs: the model's inputs.
        limit: the most samples wanted.
        names: the classes in the order of the model's outputs, or None.

    Raises:
        InputError: it cannot be read, is empty or ragged, or its rows do not fit the model.
    """
    layout = read_layout(path, inputs)
    if layout.photos:
        return _open_photos(path, layout, inputs, limit, names)
    labels, count = _labels(path, layout, names)
    if count == 0:
        raise InputError(f"{path}: has a header but no rows; give at least one sample")
    kept = choose(count, labels.classes if labels else None, limit)
    return TableDataset(str(path), path, layout, inputs[0], labels, kept)


def read_layout(path: Path, inputs: Sequence[TensorSpec]) -> Layout:
    """Finds out how a CSV file is laid out from its first lines and from what the model takes.

    Raises:
        InputError: it cannot be read, is empty, or its rows have another number of columns than the model takes.
    """
    delimiter, (first, *rest) = _first_rows(path)
    body = rest[0] if rest else first
    if len(body) != len(first):
        raise InputError(f"{path}: the first row has {len(first)} cells and the next one {len(body)}; give equal ones")
    lower = [cell.lower() for cell in first]
    if any(is_photo_name(cell) for cell in body) or set(lower) & FILE_HEADERS:
        header = None if any(is_photo_name(cell) for cell in first) else first
        return _photo_layout(path, delimiter, header, body)
    header = first if _is_header(first, rest[0] if rest else None) else None
    return _number_layout(path, delimiter, header, body, inputs)


def _photo_layout(path: Path, delimiter: str, header: tuple[str, ...] | None, body: tuple[str, ...]) -> Layout:
    names = [cell.lower() for cell in header or ()]
    files = [i for i, name in enumerate(names) if name in FILE_HEADERS]
    files = files or [i for i, cell in enumerate(body) if is_photo_name(cell)]
    label = [i for i, name in enumerate(names) if name in LABEL_HEADERS and i not in files[:1]]
    others = [i for i in range(len(body)) if i not in files[:1]]
    if not label and len(others) > 1:
        told = f"columns {listed(header)}" if header else f"{len(body)} columns and no header"
        raise InputError(f"{path}: has {told}; name the two that matter 'file' and 'label' in a header line")
    return Layout(delimiter, header, len(body), True, files[0], next(iter(label or others), None))


def _number_layout(
    path: Path, delimiter: str, header: tuple[str, ...] | None, body: tuple[str, ...], inputs: Sequence[TensorSpec]
) -> Layout:
    if len(inputs) != 1:
        raise InputError(
            f"{path}: a .csv of numbers feeds one input, but the model has {len(inputs)}; give an .npz file"
        )
    wanted = int(np.prod(inputs[0].shape[1:], dtype=np.int64))
    if len(body) == wanted and not {name.lower() for name in header or ()} & (LABEL_HEADERS - {"y"}):
        return Layout(delimiter, header, len(body), False, None, None)
    named = [i for i, name in enumerate(header or ()) if name.lower() in LABEL_HEADERS]
    text = [i for i, cell in enumerate(body) if not _is_number(cell)]
    last = [] if header else [wanted]  # without a header the label comes last, as in the UCI tables
    label = next((found[0] for found in (named, text, last) if len(found) == 1), None)
    if len(body) == wanted + 1 and label is not None:
        return Layout(delimiter, header, len(body), False, None, label)
    found = f"{len(body)} columns" + (f" ({listed(header)})" if header else "")
    raise InputError(
        f"{path}: has {found}, but the model's input {inputs[0].name} takes {wanted} numbers a row; "
        "give that many, and one column named 'label' where there are labels"
    )


def _open_photos(
    path: Path, layout: Layout, inputs: Sequence[TensorSpec], limit: int | None, names: Sequence[str] | None
) -> PhotoDataset:
    name = photo_input(str(path), inputs)
    assert layout.file_column is not None
    files, texts = [], []
    for line, cells in _rows(path, layout):
        if not cells[layout.file_column]:
            raise InputError(f"{path}: line {line}: the file's name is empty")
        files.append(path.parent / cells[layout.file_column])
        texts.append(cells[layout.label_column] if layout.label_column is not None else "")
    if not files:
        raise InputError(f"{path}: has a header but no rows; give at least one sample")
    labels = None if layout.label_column is None else _checked_labels(texts, names, path, layout)
    return of_files(str(path), name, path.parent, files, labels, limit)


def _labels(path: Path, layout: Layout, names: Sequence[str] | None) -> tuple[Labels | None, int]:
    if layout.label_column is None:
        return None, sum(1 for _ in _rows(path, layout))
    texts = [cells[layout.label_column] for _, cells in _rows(path, layout)]
    return (_checked_labels(texts, names, path, layout) if texts else None), len(texts)


def _checked_labels(texts: Sequence[str], names: Sequence[str] | None, path: Path, layout: Layout) -> Labels:
    if "" in texts:
        position = list(texts).index("")
        raise InputError(
            f"{path}: row {position + 1}{' after the header' if layout.header else ''} has no label; give every row one"
        )
    return from_texts(texts, names, str(path))


def _rows(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The rows after the header with the number of their line, blank lines left out."""
    with _reading(path), path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter)
        header_pending = layout.header is not None
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header_pending:
                header_pending = False
                continue
            if len(cells) != layout.columns:
                raise InputError(
                    f"{path}: line {reader.line_num} has {len(cells)} cells where the first row has {layout.columns}"
                )
            yield reader.line_num, [cell.strip() for cell in cells]


def _first_rows(path: Path) -> tuple[str, list[tuple[str, ...]]]:
    """The delimiter, which is the one that cuts the first line into most cells, and the first two rows."""
    with _reading(path):
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read(_ENOUGH_CHARACTERS)
        if not text.strip():
            raise InputError(f"{path}: is empty; give at least one sample")
        read = {one: list(islice(_filled(csv.reader(io.StringIO(text), delimiter=one)), 2)) for one in _DELIMITERS}
    delimiter = max(read, key=lambda one: len(next(iter(read[one]), [])))
    if not read[delimiter]:
        raise InputError(f"{path}: holds no cells with text in them; give at least one sample")
    return delimiter, [tuple(cell.strip() for cell in cells) for cells in read[delimiter]]


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (cells for cells in rows if any(cell.strip() for cell in cells))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what goes wrong while a CSV file is read into clear errors."""
    try:
        yield
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text; save the table as CSV (UTF-8)") from None
    except csv.Error as error:
        raise InputError(f"{path}: cannot be read as CSV ({error})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _is_header(first: Sequence[str], second: Sequence[str] | None) -> bool:
    """Whether the first row names columns: it has text where the next row has a number; alone, if it has no number."""
    if second is None:
        return not any(_is_number(cell) for cell in first)
    return any(not _is_number(a) and _is_number(b) for a, b in zip(first, second, strict=False))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str, path: Path, line: int, column: str) -> float:
    try:
        return float(text)
    except ValueError:
        what = "is empty" if not text else f"is {text!r}, not a number"
        raise InputError(f"{path}: line {line}, column {column} {what}") from None
