"""Chooses the weights of an integer file anew, layer by layer, each on the inputs that the new layers before it give.

First all layers get the scales that are planned for them, so that the file has its final form but for values; then each
layer's weights are chosen (`choose`), and its bias with them. Runs in a worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...tflite import NewWeights, read_tflite, with_constants, with_weights
from ..mend.bias import FEWEST_SAMPLES, bias_of, with_missing_biases
from ..mend.moments import FittedLayer, Moments, fitted_bias, float_targets, moments, quadratic
from ..mend.operator_run import Feeds, NetworkRun
from ..mend.weighted import decibels
from .choose import Levels, choose
from .entries import choose_entries
from .layers import fitted_layers
from .plan import PlannedLayer, plan_layers
from .price import entropy, prices
from .survey import SurveyedLayer
from .wish import Wish

MEAN_SHARE = 1.0
"""How much of the error in the mean of a layer's input its bias makes up for. Means are known well from few samples,
and behind coarse weights they are off by more; all of it came out best on three networks of CIFAR-10 and MNIST."""


@dataclass(frozen=True)
class CoarsenedLayer:
    """What became of a layer's weights.

    Args:
        name: of its output tensor.
        weights: how many there are.
        zeros: how many of them are 0.
        values: how many different ones there are.
        bits: what an entropy coder takes for all of them, nearly.
        output_db: energy of the layer's float output over that of the error, in dB, on what it was fitted on.
    """

    name: str
    weights: int
    zeros: int
    values: int
    bits: float
    output_db: float


@dataclass(frozen=True)
class Coarsened:
    """A file with other weights, and what was done, in the order of the operators."""

    file: bytes
    layers: tuple[CoarsenedLayer, ...]

    @property
    def bits_per_weight(self) -> float:
        """Over all layers that were changed; 0 where there are none."""
        weights = sum(one.weights for one in self.layers)
        return sum(one.bits for one in self.layers) / weights if weights else 0.0


def coarsen(
    reference: bytes,
    quantized: bytes,
    wish: Wish,
    surveyed: Sequence[SurveyedLayer],
    *,
    threads: int,
    samples: Sequence[Feeds],
) -> Coarsened:
    """Gives the layers of an integer file weights that take fewer bits.

    Args:
        reference: the float .tflite.
        quantized: the file made from it, with weights of int8 or int4.
        wish: what weights shall become.
        surveyed: what `survey` found for these files and samples.
        threads: of each interpreter.
        samples: 16 to 128, all held in memory, of the signature's inputs; with fewer than 8 nothing is done.

    Raises:
        EdgecompError: an operator cannot run by itself, as those that work on variables.
    """
    if len(samples) < FEWEST_SAMPLES or not surveyed:
        return Coarsened(quantized, ())
    exact = read_tflite(reference).main
    planned = plan_layers(fitted_layers(reference, quantized, len(samples)), surveyed, wish)
    file = _with_scales(with_missing_biases(exact, quantized), planned)
    network = NetworkRun(file, samples, threads=threads)
    fitted = {one.layer.operator.index: one for one in fitted_layers(reference, file, len(samples))}
    plans = {one.name: one for one in planned}
    targets = float_targets(reference, list(fitted.values()), samples, threads)
    constants: dict[int, np.ndarray] = {}
    layers = []
    for operator in network.operators:
        one = fitted.get(operator.index)
        if one is None:
            network.advance(operator.index, network.run(operator.index))
            continue
        rows = (one.inputs(values) for values in network.values(one.layer.data.index))
        found = moments(zip(rows, targets.pop(operator.index), strict=True))
        changed, report = _coarsened(one, found, plans[one.layer.name])
        network.advance(operator.index, network.run(operator.index, changed))
        constants |= changed
        layers.append(report)
    return Coarsened(with_constants(file, constants), tuple(layers))


def _with_scales(file: bytes, planned: Sequence[PlannedLayer]) -> bytes:
    """The file with the planned scales; the weights come later."""
    graph = read_tflite(file).main
    new = {}
    for one in planned:
        tensor = graph.tensors[one.tensor]
        count = len(tensor.quantization.scale) if tensor.quantization is not None else 1
        new[one.tensor] = NewWeights(tensor.values(), one.scale[:count])
    return with_weights(file, new)


def _coarsened(one: FittedLayer, found: Moments, plan: PlannedLayer) -> tuple[dict[int, np.ndarray], CoarsenedLayer]:
    """One layer's new constants by tensor index."""
    layer = one.layer
    assert layer.bias is not None
    scale = one.by_output(plan.scale)
    error = quadratic(found, one.float_weights(), scale)
    if plan.book is not None:
        entries = choose_entries(error, plan.book)
        chosen = plan.book[entries].reshape(error.pull.shape)
        bits = entropy(entries) + 8.0 * plan.book.size
    else:
        worth = (plan.bit_worth * found.count / np.square(scale[:, :, 0])).astype(np.float32)
        kernel = one.geometry.kernel if one.geometry.groups == 1 else (1, 1)
        indices = choose(error, Levels(plan.levels, plan.kept, worth, kernel))
        chosen = plan.levels[indices]
        bits = prices(indices, plan.levels, kernel).total(indices)
    stored, exact = layer.weights.values(), one.float_weights()
    values = one.geometry.weights(chosen, stored.shape).astype(stored.dtype)
    report = CoarsenedLayer(
        layer.name,
        values.size,
        int(np.sum(values == 0)),
        len(np.unique(values)),
        bits,
        decibels(_energy(found, exact), _energy(found, chosen * scale - exact)),
    )
    bias = bias_of(layer, fitted_bias(one, found, chosen * scale, share=MEAN_SHARE))
    return {layer.weights.index: values, layer.bias.index: bias}, report


def _energy(found: Moments, weights: np.ndarray) -> float:
    """Of what weights [groups, outputs, taps] give, but for its mean, summed over positions and outputs."""
    return float(((weights @ found.gram) * weights).sum(dtype=np.float64))
