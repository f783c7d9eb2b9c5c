"""What layers read, and the regressions that they are on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pruning.batch_norms import folded_batch_norms, gain
from ..pruning.calls import Call
from .layer import FactorableLayer
from .patches import choose_places, patches_at
from .regression import Regression, observed, unweighted

if TYPE_CHECKING:
    import keras

Seen = tuple[np.ndarray, np.ndarray]
"""What a layer read in one call, from the original and from the new network: float32 [places, window, channels]."""

_LEAST_GAIN = 1e-3
"""Of a BatchNorm behind a layer, as a share of its largest: what is multiplied by 0 there could be anything."""


def output_gains(model: keras.Model) -> dict[str, np.ndarray]:
    """How much each output of a layer counts: what a BatchNorm behind it multiplies by, float64 [outputs]."""
    gains = {}
    for name, norm in folded_batch_norms(model).items():
        sizes = np.abs(gain(norm))
        gains[name] = np.maximum(sizes, _LEAST_GAIN * sizes.max() or 1.0)
    return gains


def regressions_of(
    operation: Any, layer: FactorableLayer, gains: np.ndarray | None, seen: Sequence[Seen]
) -> list[Regression]:
    """A layer as one regression for each of its groups.

    Args:
        operation: the layer.
        layer: the same as numbers.
        gains: see `output_gains`; None where all outputs count alike.
        seen: what it read in each of its calls; none without samples.
    """
    kernel = np.asarray(operation.kernel, np.float64).reshape(-1, layer.inputs // layer.groups, layer.outputs)
    kernel = kernel if gains is None else kernel * gains
    weights = np.split(kernel, layer.groups, axis=-1)
    flat = [one.reshape(-1, one.shape[-1]) for one in weights]
    if not seen:
        return [unweighted(one) for one in flat]
    wanted, given = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    same = all(one is other for one, other in seen)
    found = []
    for one, *rows in zip(flat, *(np.split(each, layer.groups, axis=-1) for each in (wanted, given)), strict=True):
        original, new = (each.reshape(len(each), -1) for each in rows)
        found.append(observed(one, original, original if same else new))
    return found


def read_by(call: Call, given: Any, seed: int) -> np.ndarray:
    """What a layer reads in one call, at places that depend on nothing but the seed; see `patches_at`."""
    given = np.asarray(given)
    places = choose_places((len(given), *call.outputs[0].shape[1:-1]), seed)
    return patches_at(call.operation, given, places)
