"""Is a model evaluated on what it was made with?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from .dataset import Dataset
from .photos import PhotoDataset


class Overlap(NamedTuple):
    """How many evaluation samples are in the calibration set, by content; and the names of the first such pair."""

    shared: int
    evaluation: int
    first: tuple[str, str] | None


def overlap(calibration: Dataset, evaluation: Dataset) -> Overlap:
    """Counts the evaluation samples whose content is in the calibration set, whatever their files are called."""
    by_file = isinstance(calibration, PhotoDataset) and isinstance(evaluation, PhotoDataset)
    known = dict(_digests(calibration, by_file))
    shared, count, first = 0, 0, None
    for digest, name in _digests(evaluation, by_file):
        count += 1
        if digest in known:
            shared += 1
            first = first or (known[digest], name)
    return Overlap(shared, count, first)


def check_overlap(
    known: Dataset, evaluation: Dataset, *, role: str = "calibration", allow_same: bool = False
) -> list[str]:
    """Checks that a model is not evaluated on what it was made with.

    Args:
        known: the set that it was made with.
        evaluation: the evaluation set.
        role: what it was made with that set: "calibration" or "training".
        allow_same: whether the evaluation set may lie wholly within the other.

    Returns:
        Warnings: one sentence each.

    Raises:
        InputError: every evaluation sample is in the other set, and that is not allowed.
    """
    found = overlap(known, evaluation)
    if not found.shared or found.first is None:
        return []
    named = f"such as {found.first[1]}" + (f" ({found.first[0]})" if found.first[0] != found.first[1] else "")
    if found.shared == found.evaluation and not allow_same:
        raise InputError(
            f"{evaluation.source}: every evaluation sample is also a {role} sample of {known.source}, "
            f"{named}; evaluate on samples that were held out"
        )
    return [
        f"{evaluation.source}: {found.shared} of {found.evaluation} evaluation samples are also {role} samples, "
        f"{named}; accuracy on them may flatter"
    ]


def _digests(dataset: Dataset, by_file: bool) -> Iterator[tuple[bytes, str]]:
    """A hash of each sample, and its name; of the file, where both sets are photos: that needs no decoding."""
    if by_file and isinstance(dataset, PhotoDataset):
        hashed = ((_file_digest(file), dataset.name(position)) for position, file in enumerate(dataset.files))
        yield from ((digest, name) for digest, name in hashed if digest is not None)
        return
    for sample in dataset:
        made = hashlib.blake2b(digest_size=16)
        for name in sorted(sample.inputs):
            made.update(np.ascontiguousarray(sample.inputs[name]).tobytes())
        yield made.digest(), sample.name


def _file_digest(path: Path) -> bytes | None:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError:  # unreadable, so that it will be skipped
        return None
