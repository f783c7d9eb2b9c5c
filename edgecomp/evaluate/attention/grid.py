"""How an input is cut into cells, and which of them are covered together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CELLS = 8
"""A side, for photos."""

STEPS = 16
"""Cells along a series."""

COLUMNS = 64
"""Cells of a table's row at most; of more columns, neighbours share one."""

WINDOW = 3
"""Cells a side that are covered at a time: a smaller part of a photo is rarely missed."""


@dataclass(frozen=True)
class Grid:
    """Cells over the first one or two axes of a sample; channels are covered together.

    Args:
        rows: where each row of cells begins, and where the last ends; of a series or a table it is one row.
        columns: likewise.
        window: rows and columns of cells that are covered at a time.
        photo: whether rows and columns are those of a picture; else the only row is the sample's first axis.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    window: tuple[int, int]
    photo: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return len(self.rows) - 1, len(self.columns) - 1

    @property
    def windows(self) -> tuple[tuple[int, int], ...]:
        """The first cell of each window: row and column."""
        (rows, columns), (high, wide) = self.shape, self.window
        return tuple((row, column) for row in range(rows - high + 1) for column in range(columns - wide + 1))

    def covered(self, sample: np.ndarray, fill: np.ndarray) -> Iterator[np.ndarray]:
        """The sample with one window after the other covered.

        Args:
            sample: of the input's shape, no batch axis.
            fill: what it is covered with; broadcasts to the sample.
        """
        filled = np.broadcast_to(np.asarray(fill, sample.dtype), sample.shape)
        (high, wide) = self.window
        for row, column in self.windows:
            top, bottom = self.rows[row], self.rows[row + high]
            left, right = self.columns[column], self.columns[column + wide]
            place = (slice(top, bottom), slice(left, right)) if self.photo else (slice(left, right),)
            hidden = sample.copy()
            hidden[place] = filled[place]
            yield hidden

    def by_cell(self, by_window: np.ndarray) -> np.ndarray:
        """Figures of windows -> the mean over the windows that cover each cell, float64 [rows, columns]."""
        total, count = np.zeros(self.shape), np.zeros(self.shape)
        high, wide = self.window
        for (row, column), value in zip(self.windows, by_window, strict=True):
            total[row : row + high, column : column + wide] += value
            count[row : row + high, column : column + wide] += 1
        return np.asarray(total / count)


def grid_of(shape: tuple[int, ...], *, photo: bool) -> Grid | None:
    """The cells of an input.

    Args:
        shape: of one sample, no batch axis.
        photo: whether a sample of two axes is a picture without channels, and not a series.

    Returns:
        None for an input that has no parts to speak of.
    """
    if len(shape) == 3 or (photo and len(shape) == 2):
        height, width = shape[:2]
        if min(height, width) < 2:
            return None
        rows, columns = _edges(height, CELLS), _edges(width, CELLS)
        return Grid(rows, columns, (_window(rows), _window(columns)), photo=True)
    if len(shape) == 2 and shape[0] > 1:
        columns = _edges(shape[0], STEPS)
        return Grid((0, 1), columns, (1, _window(columns)), photo=False)
    if len(shape) == 1 and shape[0] > 1:
        return Grid((0, 1), _edges(shape[0], COLUMNS), (1, 1), photo=False)
    return None


def _edges(size: int, most: int) -> tuple[int, ...]:
    """Ends of cells of as even a width as whole numbers allow."""
    return tuple(np.rint(np.linspace(0, size, min(most, size) + 1)).astype(int).tolist())


def _window(edges: tuple[int, ...]) -> int:
    return WINDOW if len(edges) > 2 * WINDOW else 1
