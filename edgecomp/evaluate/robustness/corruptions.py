"""Worse inputs at graded strengths, after Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations", 2019; milder, since what matters here is where two models begin to differ."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SMALLEST_PHOTO = 8
"""Pixels a side, below which blur, shifts and rotations mean little."""

Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
"""From a photo, float64 [height, width, channels] of 0 to 1, or an array of any shape, and a strength."""


@dataclass(frozen=True)
class Corruption:
    """One way of making inputs worse.

    Args:
        name: as `--robustness` takes it.
        unit: what strengths count.
        strengths: from mild to strong.
        change: makes an input worse; may leave 0 to 1.
        photos_only: whether it needs rows, columns and channels.
    """

    name: str
    unit: str
    strengths: tuple[float, ...]
    change: Change
    photos_only: bool = True


def corrupted(
    values: np.ndarray, corruption: Corruption, strength: float, *, low: float, high: float, rng: np.random.Generator
) -> np.ndarray:
    """One input made worse.

    Args:
        values: raw values without the batch axis; uint8 photos stay uint8.
        corruption: how.
        strength: how much.
        low: smallest raw value that inputs have.
        high: largest.
        rng: where chance comes from.

    Returns:
        of the same shape and dtype, photos within `low` to `high`.
    """
    span = (high - low) or 1.0
    worse = corruption.change((values.astype(np.float64) - low) / span, strength, rng)
    if is_photo(values.shape):
        worse = worse.clip(0, 1)
    back = worse * span + low
    return np.asarray(np.rint(back) if values.dtype.kind in "ui" else back).astype(values.dtype)


def is_photo(shape: tuple[int, ...]) -> bool:
    """Whether a shape without batch axis has rows, columns and 1 or 3 channels, and enough of them."""
    return len(shape) == 3 and shape[2] in (1, 3) and min(shape[:2]) >= SMALLEST_PHOTO


def _noise(values: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return values + strength * rng.standard_normal(values.shape)


def _brightness(values: np.ndarray, strength: float, _: np.random.Generator) -> np.ndarray:
    return values + strength


def _contrast(values: np.ndarray, strength: float, _: np.random.Generator) -> np.ndarray:
    middle = values.mean(axis=(0, 1), keepdims=True)
    return np.asarray((values - middle) * (1 - strength) + middle)


def _blur(values: np.ndarray, strength: float, _: np.random.Generator) -> np.ndarray:
    """A Gaussian, one axis after the other; borders are repeated."""
    reach = max(1, int(np.ceil(3 * strength)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / strength) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        pads = [(reach, reach) if one == axis else (0, 0) for one in range(3)]
        padded = np.pad(values, pads, mode="edge")
        size = values.shape[axis]
        values = sum(
            (weight * padded.take(np.arange(place, place + size), axis=axis) for place, weight in enumerate(kernel)),
            start=np.zeros_like(values),
        )
    return values


def _jpeg(values: np.ndarray, strength: float, _: np.random.Generator) -> np.ndarray:
    """Through a JPEG file, of the quality 100 less the strength."""
    from PIL import Image

    pixels = np.rint(values.clip(0, 1) * 255).astype(np.uint8)
    photo = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=int(100 - strength))
    return np.asarray(Image.open(file), np.float64).reshape(values.shape) / 255


def _shift(values: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """By a share of the sides, in a random direction along both axes; borders are repeated."""
    moves = [round(strength * size) * int(rng.choice((-1, 1))) for size in values.shape[:2]]
    rows, columns = (
        np.clip(np.arange(size) - move, 0, size - 1) for size, move in zip(values.shape[:2], moves, strict=True)
    )
    return np.asarray(values[rows][:, columns])


def _rotation(values: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """About the middle, to a random side; corners are filled with the nearest pixel."""
    angle = np.deg2rad(strength) * int(rng.choice((-1, 1)))
    height, width = values.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    from_y = (np.cos(angle) * y - np.sin(angle) * x + (height - 1) / 2).clip(0, height - 1)
    from_x = (np.sin(angle) * y + np.cos(angle) * x + (width - 1) / 2).clip(0, width - 1)
    top, left = np.floor(from_y).astype(int), np.floor(from_x).astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = (from_y - top)[..., None], (from_x - left)[..., None]
    upper = values[top, left] * (1 - across) + values[top, right] * across
    lower = values[bottom, left] * (1 - across) + values[bottom, right] * across
    return np.asarray(upper * (1 - down) + lower * down)


NOISE = Corruption("noise", "standard deviation, share of the range", (0.02, 0.05, 0.1, 0.15, 0.2), _noise, False)
CORRUPTIONS = (
    NOISE,
    Corruption("blur", "standard deviation, pixels", (0.5, 1.0, 1.5, 2.0, 3.0), _blur),
    Corruption("jpeg", "100 less the quality", (20, 50, 70, 85, 93), _jpeg),
    Corruption("brightness", "added, share of the range", (0.1, 0.2, 0.3, 0.4, 0.5), _brightness),
    Corruption(
        "darkness", "taken away, share of the range", (0.1, 0.2, 0.3, 0.4, 0.5), lambda v, s, r: _brightness(v, -s, r)
    ),
    Corruption("contrast", "share of it that is lost", (0.2, 0.4, 0.6, 0.75, 0.9), _contrast),
    Corruption("shift", "share of the sides", (0.03, 0.06, 0.1, 0.15, 0.2), _shift),
    Corruption("rotation", "degrees", (3, 6, 10, 15, 25), _rotation),
)
