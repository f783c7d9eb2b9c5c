"""What symbols may stand for: values as they are, those that occur, or real values that channels share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from edgecomp_runtime.transport.arrays import apply_by_channel, floats, grid_values
from edgecomp_runtime.transport.plan import Weights

# A codebook of more entries saves nothing over the values themselves.
MOST_ENTRIES = 64


@dataclass(frozen=True)
class Domain:
    """A way to turn values into symbols.

    Args:
        plan: how symbols are turned back.
        symbols: uint8, of all elements, or of those that are kept.
    """

    plan: Weights
    symbols: np.ndarray


def domains(plan: Weights, values: np.ndarray, file: np.ndarray, kept: np.ndarray | None) -> list[Domain]:
    """The ways that fit.

    Args:
        plan: where the tensor is, and where its scales are.
        values: int8 [elements].
        file: uint8 [bytes], the model.
        kept: bool [elements], those that need symbols; None for all.
    """
    chosen = values if kept is None else values[kept]
    lowest, highest = int(chosen.min()), int(chosen.max())
    symbols = chosen.view(np.uint8) - np.uint8(lowest & 255)
    found = [Domain(replace(plan, lowest=lowest, alphabet=highest - lowest + 1), symbols)]
    occurring = np.flatnonzero(np.bincount(chosen.view(np.uint8) ^ 128, minlength=256)).astype(np.uint8) ^ 128
    occurring = occurring.view(np.int8)
    if len(occurring) <= MOST_ENTRIES:
        book = replace(plan, codebook=occurring.tobytes(), alphabet=len(occurring))
        found.append(Domain(book, np.searchsorted(occurring, chosen).astype(np.uint8)))
    if plan.scales is not None and plan.source is None and not plan.nibbles:
        grid = _fit_grid(plan, values, file, kept)
        if grid is not None and len(grid) < len(occurring):
            book = replace(plan, codebook=grid.tobytes(), alphabet=len(grid), grid=True)
            entries = _grid_symbols(book, values, file)
            if entries is not None:
                found.append(Domain(book, entries if kept is None else entries[kept]))
    return found


def _grid_symbols(plan: Weights, values: np.ndarray, file: np.ndarray) -> np.ndarray | None:
    """The entry that each value is a rounded copy of; None where rounding gives another value than was stored."""
    forward = grid_values(plan, file)
    back = np.zeros((len(forward), 256), np.uint8)
    for entry in range(plan.alphabet - 1, -1, -1):
        back[np.arange(len(forward)), forward[:, entry]] = entry
    symbols = values.copy().view(np.uint8)
    apply_by_channel(plan, symbols, back)
    restored = symbols.copy()
    apply_by_channel(plan, restored, forward)
    same = (restored.view(np.int8) == values) | (values == 0 if plan.zeros is not None else False)
    return symbols if bool(np.all(same)) else None


def _fit_grid(plan: Weights, values: np.ndarray, file: np.ndarray, kept: np.ndarray | None) -> np.ndarray | None:
    """The fewest real values that, rounded to each channel's steps, give all the values that occur in it.

    A stored value v of a channel with scale s stands for the interval [(v - 1/2) s, (v + 1/2) s]. The fewest points
    that hit every interval are found by taking intervals in the order of their ends (the classic greedy stabbing).

    Args:
        plan: says where the scales are, and along which axis channels lie.
        values: int8 [elements].
        file: uint8 [bytes], the model.
        kept: bool [elements], those that count; None for all.

    Returns:
        float32 [entries], ascending; None where more than `MOST_ENTRIES` are needed.
    """
    channels = plan.shape[plan.axis]
    scales = floats(file, plan.scales or 0, channels).astype(np.float64)
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        return None
    by_channel = np.moveaxis(values.reshape(plan.shape), plan.axis, 0).reshape(channels, -1)
    present = np.zeros((channels, 256), bool)
    present[np.arange(channels)[:, None], by_channel.view(np.uint8) ^ 128] = True
    if kept is not None:
        present[:, 128] = False  # zeros
    if present.sum(axis=1).max() > MOST_ENTRIES:  # each value of a channel needs a point of its own
        return None
    keys = np.flatnonzero(present)
    steps, scale = keys % 256 - 128, scales[keys // 256]
    lower, upper = (steps - 0.5) * scale, (steps + 0.5) * scale
    points: list[float] = []
    low, high = -np.inf, -np.inf
    for index in np.argsort(upper, kind="stable"):
        if lower[index] >= high:  # touching is not enough: halves round to even
            points.append((low + high) / 2)
            if len(points) > MOST_ENTRIES + 1:
                return None
            low, high = lower[index], upper[index]
        else:
            low = max(low, lower[index])
    points.append((low + high) / 2)
    return np.array(points[1:], "<f4") if len(points) - 1 <= MOST_ENTRIES else None
