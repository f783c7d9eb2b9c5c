"""What a layer is fitted to: second moments of its inputs, and of them with what the float layer gives.

The squared error of a layer's output before its activation function is quadratic in the weights, so that this is all
that has to be kept of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .operator_run import Feeds, Values, reduced_values
from .patches import PatchGeometry, patch_geometry
from .weighted import WeightedLayer, real

MOST_TAPS = 4608
"""Inputs of one output up to which a layer is fitted, a 3 x 3 convolution of 512 channels: the square of it is held in
memory a few times."""

ROWS_PER_TAP = 4
FEWEST_ROWS, MOST_ROWS = 2048, 8192
"""Output positions that a layer is fitted on, over all samples, as far as it has them."""

TARGET_SHARE = 0.5
"""How much of the error in a layer's input its weights are asked to make up for: the target lies so far on the way
from what the float layer makes of the quantized network's values to what it makes of the float network's. All of it
fits the samples too closely, none of it lets errors add up; a small MobileNet on CIFAR-10 came out best at half."""

DAMPING = 0.01
"""Added to the diagonal of the second moments, in units of its mean; pulls weights to where they were."""


@dataclass(frozen=True)
class FittedLayer:
    """A layer with a bias, and the output positions it is fitted at.

    Args:
        layer: in both networks.
        geometry: of its products.
        positions: int [p], ascending.
    """

    layer: WeightedLayer
    geometry: PatchGeometry
    positions: np.ndarray

    def float_weights(self) -> np.ndarray:
        """Those of the float network: [groups, outputs, taps]."""
        return self.geometry.matrix(self.layer.reference_weights.values())

    def float_bias(self) -> np.ndarray:
        """Likewise: [groups, 1, outputs]."""
        bias = self.layer.reference_bias
        values = np.zeros(self.layer.channels, np.float32) if bias is None else bias.values()
        return self.geometry.by_group(values)[:, None]

    def inputs(self, values: np.ndarray) -> np.ndarray:
        """The quantized network's inputs of the chosen positions, as real numbers: [groups, positions, taps]."""
        data = self.layer.data
        fill = data.quantization.zero_point[0] if data.quantization is not None else 0
        return real(data, self.geometry.patches(values, self.positions, fill))

    def by_output(self, channels: np.ndarray) -> np.ndarray:
        """A figure for each channel (or one for all), shaped to go with a matrix of weights: [groups, outputs, 1]."""
        return self.geometry.by_group(np.broadcast_to(channels, self.layer.channels))[:, :, None]


@dataclass(frozen=True)
class Moments:
    """What is known of a layer's inputs x and its targets z, both without their means.

    Args:
        gram: sum of x x', float32 [groups, taps, taps].
        cross: sum of z x', float32 [groups, outputs, taps].
        input_mean: float32 [groups, 1, taps].
        target_mean: float32 [groups, 1, outputs].
        count: of positions that were summed over.
    """

    gram: np.ndarray
    cross: np.ndarray
    input_mean: np.ndarray
    target_mean: np.ndarray
    count: int


@dataclass(frozen=True)
class Quadratic:
    """The error of each output of a layer as a function of its weights w: `w' gram w - 2 pull' w`, but for a constant.

    Args:
        gram: float32 [groups, taps, taps], damped, so that it is positive definite.
        pull: float32 [groups, outputs, taps].
        wanted: float32, likewise: the float weights, which are the minimum where the layer's inputs carry no error.
    """

    gram: np.ndarray
    pull: np.ndarray
    wanted: np.ndarray


def fitted_layer(layer: WeightedLayer, samples: int) -> FittedLayer | None:
    """The positions to fit a layer at; None where it has no bias, no fixed size, or too many inputs.

    Args:
        layer: in both networks.
        samples: how many there will be.
    """
    geometry = patch_geometry(layer)
    taps = layer.weights.elements // layer.channels
    if geometry is None or layer.bias is None or taps > MOST_TAPS:
        return None
    rows = min(max(ROWS_PER_TAP * taps, FEWEST_ROWS), MOST_ROWS)
    count = min(geometry.positions, -(-rows // samples))
    chosen = np.random.default_rng(layer.operator.index).choice(geometry.positions, count, replace=False)
    return FittedLayer(layer, geometry, np.sort(chosen))


def float_targets(
    reference: bytes, fitted: Sequence[FittedLayer], samples: Sequence[Feeds], threads: int
) -> dict[int, Values]:
    """What each layer of the float network gives before its activation function.

    Returns:
        by the operator's index, for each sample [groups, positions, outputs].
    """
    reductions = [(one.layer.reference_data.index, _float_layer(one)) for one in fitted]
    kept = reduced_values(reference, reductions, samples, threads=threads)
    return {one.layer.operator.index: values for one, values in zip(fitted, kept, strict=True)}


def _float_layer(one: FittedLayer) -> Callable[[np.ndarray], np.ndarray]:
    weights, bias = one.float_weights(), one.float_bias()

    def apply(values: np.ndarray) -> np.ndarray:
        outputs: np.ndarray = product(one.geometry.patches(values, one.positions, 0.0), weights) + bias
        return outputs

    return apply


def moments(samples: Iterable[tuple[np.ndarray, np.ndarray]]) -> Moments:
    """Of pairs of inputs [groups, positions, taps] and targets [groups, positions, outputs]."""
    count = 0
    gram, cross, inputs, targets = (np.float64(0.0),) * 4
    origin: np.ndarray | None = None
    for x, z in samples:
        if origin is None:  # counted from near the mean, since differences of large sums of squares lose their digits
            origin = x.mean(axis=1, keepdims=True)
        x = x - origin
        count += x.shape[1]
        gram = gram + x.transpose(0, 2, 1) @ x
        cross = cross + z.transpose(0, 2, 1) @ x
        inputs = inputs + x.sum(axis=1, keepdims=True, dtype=np.float64)
        targets = targets + z.sum(axis=1, keepdims=True, dtype=np.float64)
    inputs, targets = inputs / count, targets / count
    gram = gram - count * inputs.transpose(0, 2, 1) * inputs
    cross = cross - count * targets.transpose(0, 2, 1) * inputs
    gram, cross, inputs, targets = (value.astype(np.float32) for value in (gram, cross, inputs + origin, targets))
    return Moments(gram, cross, inputs, targets, count)


def quadratic(found: Moments, weights: np.ndarray, scale: np.ndarray) -> Quadratic:
    """The error that weights are chosen by, weights being counted in steps of their scale.

    Args:
        found: of the layer.
        weights: float32 [groups, outputs, taps], those of the float network.
        scale: float32 [groups, outputs, 1], real size of a step.
    """
    wanted = weights / scale
    diagonal = np.diagonal(found.gram, axis1=1, axis2=2).mean(axis=1)[:, None, None]
    damping = np.where(diagonal > 0, DAMPING * diagonal, 1)
    gram = found.gram + damping * np.eye(found.gram.shape[1], dtype=np.float32)
    pull = TARGET_SHARE * found.cross / scale + (1 - TARGET_SHARE) * wanted @ found.gram + damping * wanted
    return Quadratic(gram, pull, wanted)


def fitted_bias(one: FittedLayer, found: Moments, weights: np.ndarray, *, share: float = TARGET_SHARE) -> np.ndarray:
    """The bias, in real numbers, that brings each output's mean to where the target has it: [channels].

    Args:
        one: the layer.
        found: its moments.
        weights: float [groups, outputs, taps], in real numbers.
        share: see `TARGET_SHARE`, of the means.
    """
    exact = product(found.input_mean, one.float_weights()) + one.float_bias()
    goal = share * found.target_mean + (1 - share) * exact
    bias: np.ndarray = (goal - product(found.input_mean, weights)).reshape(-1)
    return bias


def product(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[groups, p, taps] and [groups, outputs, taps] -> [groups, p, outputs]."""
    outputs: np.ndarray = rows @ weights.transpose(0, 2, 1)
    return outputs
