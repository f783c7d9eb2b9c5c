"""What a layer reads for one value that it gives: the part of its input under the window, as rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .finding import window_of

MOST_PATCHES = 8192
"""Of one call; far more than there are inputs to tell apart in most layers, and quick to multiply."""


def choose_places(shape: Sequence[int], seed: int) -> np.ndarray:
    """Places of a layer's output to look at.

    Args:
        shape: samples, then the sizes of the output without its channels.
        seed: of the choice, where there are more than `MOST_PATCHES`.

    Returns:
        int64 [places, axes], rising.
    """
    count = int(np.prod(shape))
    if count <= MOST_PATCHES:
        chosen = np.arange(count)
    else:
        chosen = np.sort(np.random.default_rng(seed).choice(count, MOST_PATCHES, replace=False))
    return np.stack(np.unravel_index(chosen, tuple(shape)), axis=1)


def patches_at(layer: Any, given: np.ndarray, places: np.ndarray) -> np.ndarray:
    """What a layer reads at some places.

    Args:
        layer: a Dense, Conv1D or Conv2D with channels last.
        given: float32 [samples, ..., channels].
        places: see `choose_places`.

    Returns:
        float32 [places, window, channels], the window flattened; zeros where it reaches over the edge.
    """
    window = window_of(layer)
    if not window:
        read: np.ndarray = given[tuple(places.T)]
        return read[:, None, :]
    edges = [
        _edge(layer.padding, size, *one)
        for size, *one in zip(given.shape[1:-1], window, layer.strides, layer.dilation_rate, strict=True)
    ]
    padded = np.pad(given, [(0, 0), *edges, (0, 0)])
    index: list[np.ndarray] = [places[:, 0].reshape(-1, *(1,) * len(window))]
    for axis, (size, stride, dilation) in enumerate(zip(window, layer.strides, layer.dilation_rate, strict=True)):
        taps = np.arange(size).reshape(-1, *(1,) * (len(window) - 1 - axis))
        starts = places[:, axis + 1].reshape(-1, *(1,) * len(window))
        index.append(starts * stride + taps * dilation)
    rows: np.ndarray = padded[tuple(index)]
    return rows.reshape(len(places), -1, given.shape[-1])


def _edge(padding: str, size: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """Zeros before and behind, as Keras puts them there; behind perhaps more than are read."""
    reach = (window - 1) * dilation
    if padding == "same":
        missing = max((-(-size // stride) - 1) * stride + reach + 1 - size, 0)
        return missing // 2, missing - missing // 2
    return (reach, 0) if padding == "causal" else (0, 0)
