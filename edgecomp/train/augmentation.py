"""Other views of the same photo: shifted and mirrored ones.

Both only move raw values about, before they are normalized: no value is made that was not in the photo, so none leaves
the range of the preprocessing contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from edgecomp_runtime.contract import InputContract


@dataclass(frozen=True)
class Augmentation:
    """What is done to photos.

    Args:
        shift: the farthest a photo is shifted along each axis, as a share of its side; 0 for not at all.
        mirror: whether left and right are exchanged half of the time.
    """

    shift: float = 0.0
    mirror: bool = False

    def __bool__(self) -> bool:
        return self.shift > 0 or self.mirror

    def __str__(self) -> str:
        parts = [f"shifted by up to {self.shift:.0%}"] if self.shift > 0 else []
        return " and ".join([*parts, *(["mirrored"] if self.mirror else [])]) or "none"


def is_picture(one: InputContract) -> bool:
    """Whether an input is a photo, or an array of the shape of one: [1, height, width, 1, 3 or 4]."""
    return one.image is not None or (len(one.shape) == 4 and one.shape[-1] in (1, 3, 4) and min(one.shape[1:3]) >= 8)


def drawn_views(count: int, generator: np.random.Generator) -> np.ndarray:
    """Lots for so many examples: float32 [count, 3], from 0 to 1; they decide how far and whether, as `augmented` says.

    The same lots are the same view whatever else is in a batch.
    """
    return generator.random((count, 3), np.float32)


def augmented(
    raw: Sequence[np.ndarray], pictures: Sequence[bool], how: Augmentation, drawn: np.ndarray
) -> list[np.ndarray]:
    """Another view of each example of a batch; several photos of one example are treated alike.

    Args:
        raw: values [batch, ...] of each input.
        pictures: which of them are photos.
        how: the farthest that is done.
        drawn: of `drawn_views`, [batch, 3]: down, to the right, and mirrored below a half.

    Returns:
        new arrays of the same shapes and dtypes; what an edge leaves empty is filled with its reflection.
    """
    shifts = how.shift * (2 * drawn[:, :2] - 1)
    mirrored = drawn[:, 2] < (0.5 if how.mirror else 0.0)
    return [
        _moved(values, shifts, mirrored) if picture else values for values, picture in zip(raw, pictures, strict=True)
    ]


def _moved(values: np.ndarray, shifts: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    height, width = values.shape[1:3]
    rows = _reflected(np.arange(height) + _pixels(shifts[:, :1], height), height)
    columns = np.where(mirrored[:, None], np.arange(width)[::-1], np.arange(width))
    columns = _reflected(columns + _pixels(shifts[:, 1:], width), width)
    examples = np.arange(len(values))[:, None, None]
    moved: np.ndarray = values[examples, rows[:, :, None], columns[:, None, :]]
    return moved


def _pixels(shifts: np.ndarray, size: int) -> np.ndarray:
    pixels: np.ndarray = np.rint(shifts * size).astype(np.int64)
    return pixels


def _reflected(indices: np.ndarray, size: int) -> np.ndarray:
    """Indices beyond an edge go back in again; the pixel at the edge is not repeated."""
    if size == 1:
        return np.zeros_like(indices)
    within = np.mod(indices, 2 * size - 2)
    folded: np.ndarray = np.minimum(within, 2 * size - 2 - within)
    return folded
