"""What cutting each group of channels does to the answers, measured: the group is cut alone, nothing is trained.

The channels' importance says which of a group go first; these measurements say what that costs, so that groups can be
weighed against each other. Cutting is simulated by zeroing the weights that read the channels, so that no network has
to be rebuilt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..remembered import remembered
from .analysis import analyze
from .channel_graph import ChannelGraph, WeightAxis
from .feeding import input_arrays, spread_out
from .flatten import flatten
from .importance import score
from .variables import layer_variables
from .widths import Ladder, WidthRules, ladders

if TYPE_CHECKING:
    import keras

SAMPLES = 96
"""Each cut is a pass over them."""

PROBED_RUNGS = 4
"""Cuts of each group that are measured; what lies between is read off the line through them."""

_SMALLEST = 1e-7
"""Probabilities are no smaller than this, as in Keras' own losses."""


@dataclass(frozen=True)
class GroupCurve:
    """What a group loses on its way down its ladder.

    Args:
        layers: names of those that make its channels.
        channels: how many there are.
        cuts: how many of them were gone in each measurement, rising, from 0.
        losses: of each: where an output is a distribution over classes, the Kullback-Leibler divergence from the
            uncut network's, in nats; else the squared error as a share of the values' variance. Rising, from 0.
        agreement: of each, the share of samples whose largest output is the same one; None where outputs are no
            classes.
    """

    layers: tuple[str, ...]
    channels: int
    cuts: tuple[int, ...]
    losses: tuple[float, ...]
    agreement: tuple[float, ...] | None


def measure_groups(model: keras.Model, data: Any, *, multiple: int = 8) -> tuple[GroupCurve, ...]:
    """What cutting each group of channels of a model would do to its answers.

    Args:
        model: a functional or Sequential model; it stays as it is.
        data: samples; see `importance.score`. They need no labels.
        multiple: see `plan_pruning`.

    Returns:
        a curve for each group that can be cut; none where nothing can.

    Raises:
        InputError: the model is subclassed, or the samples do not fit it.
    """
    flat = flatten(model)
    graph = analyze(flat)
    steps = ladders(graph, score(flat, graph, "l2"), WidthRules(multiple))
    curves = group_curves(flat, graph, steps, data)
    return tuple(curve for curve in curves if len(curve.cuts) > 1)


def measured_ladders(model: keras.Model, graph: ChannelGraph, steps: Sequence[Ladder], data: Any) -> tuple[Ladder, ...]:
    """The same ladders with losses as measured, kept in the user's cache for the next time.

    Args:
        model: a flattened model; its weights are back in place afterwards.
        graph: its channels.
        steps: how its groups can be cut.
        data: samples; see `importance.score`.

    Raises:
        InputError: the samples do not fit the model.
    """
    curves = group_curves(model, graph, steps, data)
    return tuple(_with_losses(ladder, curve) for ladder, curve in zip(steps, curves, strict=True))


def group_curves(model: keras.Model, graph: ChannelGraph, steps: Sequence[Ladder], data: Any) -> tuple[GroupCurve, ...]:
    """Measures every group; see `measured_ladders`. What was measured before is read from the cache."""
    arrays = input_arrays(model, data)
    arrays = [one[spread_out(len(one), SAMPLES)] for one in arrays]
    return remembered(
        "channel-groups",
        _key(model, steps, arrays),
        lambda: tuple(_measure(model, graph, steps, arrays)),
        store=_stored,
        restore=_restored,
    )


def _measure(
    model: Any, graph: ChannelGraph, steps: Sequence[Ladder], arrays: list[np.ndarray]
) -> Iterator[GroupCurve]:
    import keras

    packed = keras.tree.pack_sequence_as(model.input, arrays)

    def answers() -> list[np.ndarray]:
        return [np.asarray(one, np.float64) for one in keras.tree.flatten(model.predict_on_batch(packed))]

    exact = answers()
    classes = exact[0].shape[-1] > 1
    for ladder, group in zip(steps, graph.groups, strict=True):
        cuts = _probed(ladder.cuts)
        losses, same = [0.0], [1.0]
        for cut in cuts[1:]:
            with _silenced(model, graph, ladder.channels[:cut]):
                given = answers()
            losses.append(max(losses[-1], float(np.mean([_loss(*pair) for pair in zip(exact, given, strict=True)]))))
            same.append(float(np.mean(exact[0].argmax(-1) == given[0].argmax(-1))))
        yield GroupCurve(group.producers, len(ladder.channels), cuts, tuple(losses), tuple(same) if classes else None)


def _probed(cuts: tuple[int, ...]) -> tuple[int, ...]:
    """Some of the rungs, spread evenly, the first and the last among them."""
    places = np.unique(np.linspace(0, len(cuts) - 1, min(len(cuts), PROBED_RUNGS + 1)).round().astype(int))
    return tuple(cuts[place] for place in places)


def _loss(exact: np.ndarray, given: np.ndarray) -> float:
    """Of one output [samples, ...]; infinite values count as a great loss, not as none."""
    if exact.shape[-1] > 1 and exact.min() >= 0 and np.allclose(exact.sum(-1), 1, atol=1e-3):
        ratio = np.log(np.maximum(exact, _SMALLEST)) - np.log(np.maximum(given, _SMALLEST))
        loss = float((exact * ratio).sum(-1).mean())
    else:
        loss = float(np.square(exact - given).mean() / (exact.var() or 1.0))
    return loss if np.isfinite(loss) else 1e9


@contextmanager
def _silenced(model: Any, graph: ChannelGraph, channels: Sequence[int]) -> Iterator[None]:
    """Nothing reads these channels while the block lasts."""
    gone = np.asarray(channels)
    before: list[tuple[Any, np.ndarray]] = []
    try:
        for axis in graph.axes:
            places = np.isin(axis.channels, gone)
            if axis.role == "consumes" and places.any():
                variable = layer_variables(model.get_layer(axis.layer))[axis.variable]
                weights = np.array(variable)
                before.append((variable, weights.copy()))
                weights[_along(axis, places)] = 0
                variable.assign(weights)
        yield
    finally:
        for variable, weights in reversed(before):
            variable.assign(weights)


def _along(axis: WeightAxis, places: np.ndarray) -> tuple[Any, ...]:
    return (*(slice(None) for _ in range(axis.axis)), places)


def _with_losses(ladder: Ladder, curve: GroupCurve) -> Ladder:
    """Between two measured rungs a loss rises as the importance that is given up does."""
    given_up = np.asarray(ladder.losses) - ladder.losses[0]
    at = given_up[[ladder.cuts.index(cut) for cut in curve.cuts]]
    losses = np.interp(given_up, at, curve.losses) if at[-1] > 0 else np.interp(ladder.cuts, curve.cuts, curve.losses)
    # Rungs that cost nothing would leave no order among themselves.
    return replace(ladder, losses=losses + 1e-9 * given_up)


def _key(model: Any, steps: Sequence[Ladder], arrays: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps([1, PROBED_RUNGS]).encode())
    digest.update(model.to_json().encode())
    for weights in model.get_weights():
        digest.update(np.ascontiguousarray(weights).data)
    for ladder in steps:
        digest.update(json.dumps([ladder.channels, ladder.cuts]).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _stored(curves: Sequence[GroupCurve]) -> list[dict[str, Any]]:
    return [asdict(one) for one in curves]


def _restored(stored: Any) -> tuple[GroupCurve, ...]:
    return tuple(
        GroupCurve(
            tuple(one["layers"]),
            int(one["channels"]),
            tuple(one["cuts"]),
            tuple(one["losses"]),
            None if one["agreement"] is None else tuple(one["agreement"]),
        )
        for one in stored
    )
