"""Is a model evaluated on photos that it was made with, saved anew, scaled or made a little brighter?

Difference hashes (N. Krawetz, "Kind of Like That", 2013) of 16 x 16 bits find candidates; small versions of the photos,
brightness and contrast taken out, confirm them. Copies that are byte for byte the same are `edgecomp.data`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

SIDE = 16
MOST_BITS = 26
"""Of 256 that may differ; unrelated photos differ in about half."""

ALIKE = 0.98
"""Correlation of the small versions from which two photos count as one."""

FLAT = 4.0
"""Standard deviation, of 255, below which a photo is too plain to be told from others."""

_BITS = np.array([value.bit_count() for value in range(256)], np.uint8)


@dataclass(frozen=True)
class NearDuplicates:
    """Photos of one set that are in another, more or less.

    Args:
        shared: how many of the evaluation set.
        evaluation: how many it has.
        first: names of the first such pair: the known photo and the evaluated one.
    """

    shared: int
    evaluation: int
    first: tuple[str, str] | None


@dataclass(frozen=True)
class Prints:
    """What photos are told by.

    Args:
        names: of the photos.
        hashes: uint8 [photos, 32].
        small: float32 [photos, 256], each of mean 0 and length 1.
        plain: bool [photos]: too plain to be told.
    """

    names: tuple[str, ...]
    hashes: np.ndarray
    small: np.ndarray
    plain: np.ndarray


def photo_prints(photos: Iterable[tuple[str, np.ndarray]]) -> Prints:
    """Prints of photos.

    Args:
        photos: names and photos, uint8 [height, width, channels] of any size.
    """
    names, hashes, small, plain = [], [], [], []
    for name, photo in photos:
        grey = _small_grey(photo)
        centred = grey[:, :SIDE] - grey[:, :SIDE].mean()
        length = float(np.sqrt(np.sum(centred**2)))
        names.append(name)
        hashes.append(np.packbits(grey[:, 1:] > grey[:, :-1]))
        small.append((centred / (length or 1.0)).reshape(-1))
        plain.append(length / SIDE < FLAT)
    return Prints(
        tuple(names),
        np.array(hashes, np.uint8).reshape(-1, SIDE * SIDE // 8),
        np.array(small, np.float32).reshape(-1, SIDE * SIDE),
        np.array(plain, bool),
    )


def near_duplicates(known: Prints, evaluated: Prints) -> NearDuplicates:
    """Counts the evaluated photos that are among the known ones."""
    shared, first = 0, None
    candidates = np.flatnonzero(~known.plain)
    for place in np.flatnonzero(~evaluated.plain):
        match = _match(known, candidates, evaluated.hashes[place], evaluated.small[place])
        if match is not None:
            shared += 1
            first = first or (known.names[match], evaluated.names[place])
    return NearDuplicates(shared, len(evaluated.names), first)


def near_duplicates_words(found: NearDuplicates, known: str, evaluated: str) -> str | None:
    """The finding in a sentence; None where there is none.

    Args:
        found: what was counted.
        known: what the user named the known set by.
        evaluated: what the user named the evaluation set by.
    """
    if not found.shared or found.first is None:
        return None
    return (
        f"{evaluated}: {found.shared} of {found.evaluation} evaluation photos are also in {known}, the same or nearly "
        f"so, such as {found.first[1]} ({found.first[0]}); accuracy on them flatters: leave them out"
    )


def _match(known: Prints, candidates: np.ndarray, one: np.ndarray, small: np.ndarray) -> int | None:
    """Position of the known photo that is most like one, where any is like it."""
    bits = _BITS[known.hashes[candidates] ^ one].sum(axis=1)
    near = candidates[bits <= MOST_BITS]
    if not near.size:
        return None
    alike = known.small[near] @ small
    best = int(np.argmax(alike))
    return int(near[best]) if alike[best] >= ALIKE else None


def _small_grey(photo: np.ndarray) -> np.ndarray:
    """float64 [16, 17] of 0 to 255."""
    from PIL import Image

    pixels = photo[..., 0] if photo.ndim == 3 and photo.shape[2] == 1 else photo
    grey = Image.fromarray(pixels).convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    return np.asarray(grey, np.float64)
