"""Which samples of a set a limit keeps: evenly spread, balanced over the classes, the same ones every time."""

from __future__ import annotations

import numpy as np

from ..errors import InputError


def choose(count: int, labels: np.ndarray | None, limit: int | None) -> np.ndarray:
    """The positions that a limit keeps.

    Args:
        count: samples in the set.
        labels: class index of each sample, int64 of shape [count]; None where there are no classes to balance.
        limit: the most samples wanted, or None for all.

    Returns:
        Ascending positions, int64.

    Raises:
        InputError: the limit is not positive.
    """
    if limit is not None and limit < 1:
        raise InputError(f"the limit on samples is {limit}; give a positive number, or none to take all of them")
    if limit is None or limit >= count:
        return np.arange(count, dtype=np.int64)
    return spread(count, limit) if labels is None else _balanced(labels, limit)


def spread(count: int, wanted: int) -> np.ndarray:
    """`wanted` of `count` positions at even distances, each from the middle of its stretch.

    Args:
        count: positions to choose from.
        wanted: how many, at most `count`.

    Returns:
        Ascending positions, int64.
    """
    return ((2 * np.arange(wanted, dtype=np.int64) + 1) * count) // (2 * wanted) if wanted else np.zeros(0, np.int64)


def quotas(sizes: np.ndarray, limit: int) -> np.ndarray:
    """How many to take of each class: as equal as the sizes allow, `limit` in all.

    Args:
        sizes: samples of each class, int64.
        limit: samples wanted, at most the sum of the sizes.

    Returns:
        Samples to take of each class, int64; where a share does not divide evenly, evenly spread classes get one more.
    """
    taken = np.zeros_like(sizes)
    while (left := limit - int(taken.sum())) > 0:
        open_classes = np.flatnonzero(sizes > taken)
        share = left // len(open_classes)
        if share == 0:
            taken[open_classes[spread(len(open_classes), left)]] += 1
        else:
            taken[open_classes] = np.minimum(sizes[open_classes], taken[open_classes] + share)
    return taken


def _balanced(labels: np.ndarray, limit: int) -> np.ndarray:
    classes, sizes = np.unique(labels, return_counts=True)
    wanted = quotas(sizes.astype(np.int64), limit)
    kept = [
        np.flatnonzero(labels == one)[spread(int(size), int(take))]
        for one, size, take in zip(classes, sizes, wanted, strict=True)
    ]
    return np.sort(np.concatenate(kept))
