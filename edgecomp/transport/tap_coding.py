"""Coding a convolution's kernels tap by tap, each weight in the context of its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from edgecomp_runtime.transport.adaptive import FLAT, Frequencies
from edgecomp_runtime.transport.arrays import weight_prior
from edgecomp_runtime.transport.plan import MAX_SLOPE, MAX_TAPS, Taps, Weights
from edgecomp_runtime.transport.taps import in_order, tap_contexts, zero_symbol

from .lane_encoder import LaneEncoder, more_cost

# Buckets this wide, in units of the usual magnitude, and how many there are on either side of the middle.
_BUCKETS = ((1.0, 2), (0.7, 4))
# Naming taps costs more than they tell where there are fewer weights.
_LEAST_ELEMENTS = 512
# Ways are compared on about so many elements.
_COMPARED = 1 << 17


def tap_plans(plan: Weights, symbols: np.ndarray) -> Iterator[Weights]:
    """Ways to look at neighbours, where the tensor has any.

    Args:
        plan: how it is coded without: all of its elements have symbols.
        symbols: uint8 [elements].
    """
    shape = plan.shape
    if len(shape) != 4 or shape[0] == 1 or not 1 < shape[1] * shape[2] <= MAX_TAPS or plan.source is not None:
        return
    if len(symbols) < _LEAST_ELEMENTS:
        return
    centred = symbols.reshape(shape).astype(np.float64) - zero_symbol(plan)
    sums = np.zeros(shape)
    sums[:, 1:] += centred[:, :-1]
    sums[:, :, 1:] += centred[:, :, :-1]
    usual = float(np.abs(centred).mean())
    slope = float((centred * sums).sum() / max((sums * sums).sum(), 1.0))
    width = float((centred - slope * sums).std())
    for share, reach in _BUCKETS:
        step = int(np.clip(round(share * usual), 1, 255))
        if plan.values.contexts * (2 * reach + 1) > 256:
            continue
        taps = Taps(step, reach, int(np.clip(round(slope * step), 0, MAX_SLOPE)))
        if plan.values.axes:
            yield replace(plan, taps=taps)
        else:
            spread = int(np.clip(round(2 * np.log2(max(width, 0.3)) + 4), 0, FLAT))
            yield replace(plan, taps=taps, flat=True, spread=spread)


def put_taps(lanes: LaneEncoder, plan: Weights, contexts: np.ndarray | None, symbols: np.ndarray) -> None:
    """Puts a tensor's symbols on the lanes as the device package's decoder takes them off."""
    model = Frequencies(weight_prior(plan))
    for rows, part in _parts(plan, contexts, symbols):
        lanes.put_more(model, rows, part)


def tap_cost(plan: Weights, contexts: np.ndarray | None, symbols: np.ndarray) -> float:
    """Bytes that this would take; of a large tensor, what some of its outputs would, times as many."""
    share = min(1.0, _COMPARED / len(symbols))
    outputs = max(1, round(share * plan.shape[0]))
    some = outputs * (len(symbols) // plan.shape[0])
    sample = replace(plan, shape=(outputs, *plan.shape[1:]))
    model, total = Frequencies(weight_prior(sample)), 0.0
    for rows, part in _parts(sample, None if contexts is None else contexts[:some], symbols[:some]):
        total += more_cost(model, rows, part)
    return total * plan.shape[0] / outputs


def _parts(plan: Weights, contexts: np.ndarray | None, symbols: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    assert plan.taps is not None
    shaped = symbols.reshape(plan.shape)
    for row, column in in_order(plan.shape):
        yield tap_contexts(shaped, row, column, plan, plan.taps, contexts), shaped[:, row, column].ravel()
