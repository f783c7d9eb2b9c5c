"""What the weights of each layer may be, decided before any of them is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...cluster import fit_levels, fit_product_code
from ...sparsify import (
    SparsityPlan,
    energy_scores,
    keep_masks,
    magnitude_scores,
    plan_below,
    plan_sparsity,
    random_scores,
)
from ..mend.moments import FittedLayer
from ..mend.rounding import LARGEST
from .scales import given_scale, priced_scale
from .survey import SurveyedLayer
from .wish import Wish, Zeros


@dataclass(frozen=True, eq=False)
class PlannedLayer:
    """What is planned for a layer.

    Args:
        name: of its output tensor.
        tensor: index of its weights in the integer file.
        scale: float32 [channels], real size of a step.
        levels: float32 [levels], ascending, in steps; what a weight may be.
        book: float32 [entries, length], in steps: what neighbouring weights may be together; None where each is free.
        kept: bool [groups, outputs, taps], where weights may be other than 0; None for all.
        bit_worth: error energy per position at the output that a bit of a weight is worth.
    """

    name: str
    tensor: int
    scale: np.ndarray
    levels: np.ndarray
    book: np.ndarray | None
    kept: np.ndarray | None
    bit_worth: float


def plan_layers(fitted: Sequence[FittedLayer], surveyed: Sequence[SurveyedLayer], wish: Wish) -> list[PlannedLayer]:
    """Plans for each layer.

    Args:
        fitted: the layers.
        surveyed: of the same layers.
        wish: what is asked for.
    """
    masks = _masks(fitted, surveyed, wish.zeros, wish.seed) if wish.zeros is not None else {}
    return [_planned(one, seen, wish, masks.get(seen.name)) for one, seen in zip(fitted, surveyed, strict=True)]


def _planned(one: FittedLayer, seen: SurveyedLayer, wish: Wish, kept: np.ndarray | None) -> PlannedLayer:
    layer = one.layer
    worth = wish.price / seen.importance if seen.importance > 0 else 0.0
    scale = given_scale(one)
    largest = LARGEST[layer.weights.dtype]
    book = None
    if worth > 0 and layer.weights.dtype == "int8" and wish.values is None:
        scale = priced_scale(one, seen, worth)
    steps = one.float_weights() / one.by_output(scale)
    curvature = np.broadcast_to(seen.curvature[:, None, :], steps.shape) * np.square(one.by_output(scale))
    if wish.entries is not None:
        book = _book(steps, curvature, wish.entries, largest, wish.seed)
    levels = np.arange(-largest, largest + 1)
    if wish.values is not None:
        counted = curvature if kept is None else curvature * kept
        levels = fit_levels(steps, wish.values, weights=counted, keep_zero=kept is not None, largest=largest)
    return PlannedLayer(seen.name, layer.weights.index, scale, levels.astype(np.float32), book, kept, worth)


def _book(
    steps: np.ndarray, curvature: np.ndarray, entries: tuple[int, int], largest: int, seed: int
) -> np.ndarray | None:
    """Entries for neighbouring taps; None where these do not come out even, or are hardly more than the entries."""
    length, count = entries
    if steps.shape[2] % length or steps.size <= length * count or steps.shape[0] > 1:
        return None
    code = fit_product_code(steps.reshape(-1, length), count, energy=curvature.reshape(-1, length), seed=seed)
    book = np.unique(np.clip(np.rint(code.books[0]), -largest, largest), axis=0)
    return np.asarray(book, np.float32)


def _masks(
    fitted: Sequence[FittedLayer], surveyed: Sequence[SurveyedLayer], zeros: Zeros, seed: int
) -> dict[str, np.ndarray]:
    """Where weights stay, by the layer's name: bool [groups, outputs, taps]."""
    scores, shapes = {}, {}
    for number, (one, seen) in enumerate(zip(fitted, surveyed, strict=True)):
        weights = one.float_weights()
        shapes[seen.name] = weights.shape
        scores[seen.name] = _scores(weights, seen, zeros, seed + number).reshape(-1, weights.shape[2])
    return {name: mask.reshape(shapes[name]) for name, mask in keep_masks(_sparsity(scores, zeros), scores).items()}


def _sparsity(scores: dict[str, np.ndarray], zeros: Zeros) -> SparsityPlan:
    if zeros.scope == "below":
        return plan_below(scores, zeros.amount or 0.0, pattern=zeros.pattern)
    return plan_sparsity(
        scores, zeros.amount or 0.0, scope="layer" if zeros.scope == "layer" else "network", pattern=zeros.pattern
    )


def _scores(weights: np.ndarray, seen: SurveyedLayer, zeros: Zeros, seed: int) -> np.ndarray:
    if zeros.by == "energy":
        # Others make up for some of what is lost, and for less the more of them are lost too; and errors of many zeros
        # are too large to show in the answers as small ones do. The middle came out best on three networks.
        energy = np.sqrt(seen.curvature * seen.energy)
        return float(np.sqrt(seen.importance)) * energy_scores(weights, energy[:, None, :])
    return magnitude_scores(weights) if zeros.by == "magnitude" else random_scores(weights.shape, seed)
