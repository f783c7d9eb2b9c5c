"""Learned rounding on a quantized .tflite: each weight goes to the integer below or above, whichever serves the layer.

Nagel et al. 2020, "Up or Down? Adaptive Rounding for Post-Training Quantization", without its gradient descent: the
squared error of a layer's output before its activation function is quadratic in the weights, so that all that has to
be kept of the samples are second moments. A start by GPTQ is improved by coordinate descent (`descent`). The bias is
fitted together with the weights. Layers are taken in order, each on the inputs that the layers before it give.

The fit takes no notice of a fused activation function. What it achieves is judged behind it, on the integers that the
kernel writes for samples that were held back: a channel that does not gain keeps its weights and its bias. Runs in a
worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from ...tflite import TfliteModel, read_tflite, with_constants
from .bias import FEWEST_SAMPLES, bias_of, with_missing_biases
from .descent import descend, round_with_feedback
from .moments import FittedLayer, Moments, fitted_bias, fitted_layer, float_targets, moments, quadratic
from .operator_run import Feeds, NetworkRun, Values
from .weighted import OPERANDS, Corrected, LayerChange, WeightedLayer, decibels, real, weighted_layers

HELD_BACK = 1 / 4
"""Share of the samples, the last ones, that judge the fit."""

LARGEST = {"int8": 127, "int4": 7}
"""Of a weight, by its dtype."""


def rounding_cost(model: TfliteModel) -> float:
    """Multiply-adds that learning takes, nearly: for each weight as many as there are others in its output's sum.

    Args:
        model: the float file.
    """
    cost = 0
    for operator in model.main.operators:
        if operator.name not in OPERANDS:
            continue
        weights = model.main.tensors[operator.inputs[OPERANDS[operator.name][1]]]
        taps = prod(weights.shape[1:3] if operator.name == "DEPTHWISE_CONV_2D" else weights.shape[1:])
        cost += weights.elements * taps
    return float(cost)


def learn_rounding(reference: bytes, quantized: bytes, *, threads: int, samples: Sequence[Feeds]) -> Corrected:
    """Chooses for each weight the integer below or above so that the layers' outputs come close to the float ones.

    Args:
        reference: the float .tflite.
        quantized: the file made from it, with weights of int8 or int4.
        threads: threads of each interpreter.
        samples: 16 to 128, all held in memory, of the signature's inputs; with fewer than `FEWEST_SAMPLES` nothing is
            learned.

    Returns:
        The file with its new weights and biases; for each layer the energy of the float output over that of the error,
        on the samples held back, before and after, in dB, the layers before it being learned in both.

    Raises:
        EdgecompError: an operator cannot run by itself, as those that work on variables.
    """
    exact = read_tflite(reference).main
    if len(samples) < FEWEST_SAMPLES or not weighted_layers(exact, read_tflite(quantized).main):
        return Corrected(quantized, ())
    file = with_missing_biases(exact, quantized)
    network = NetworkRun(file, samples, threads=threads)
    learnable = {
        index: found
        for index, layer in weighted_layers(exact, network.graph).items()
        if (found := fitted_layer(layer, len(samples))) is not None
    }
    targets = float_targets(reference, list(learnable.values()), samples, threads)
    constants: dict[int, np.ndarray] = {}
    changes = []
    for operator in network.operators:
        layer = learnable.get(operator.index)
        if layer is None:
            network.advance(operator.index, network.run(operator.index))
            continue
        result = _learned(network, layer, targets.pop(operator.index))
        network.advance(operator.index, [result.outputs])
        changes.append(result.change)
        constants |= result.constants
    return Corrected(with_constants(file, constants) if constants else quantized, tuple(changes))


@dataclass(frozen=True)
class _Result:
    constants: dict[int, np.ndarray]
    outputs: Values
    change: LayerChange


def _learned(network: NetworkRun, one: FittedLayer, targets: list[np.ndarray]) -> _Result:
    """One layer's new constants, and its outputs with them."""
    layer, index = one.layer, one.layer.operator.index
    assert layer.bias is not None
    fitted = len(targets) - max(1, int(len(targets) * HELD_BACK))
    rows = (one.inputs(values) for values in network.values(layer.data.index)[:fitted])
    weights, bias = _fit(one, moments(zip(rows, targets[:fitted], strict=True)))
    given = {layer.weights.index: layer.weights.values(), layer.bias.index: layer.bias.values()}
    learned = {layer.weights.index: weights, layer.bias.index: bias}
    outputs = [network.run(index, constants)[0] for constants in (given, learned)]
    before, after = (_channel_errors(one, values[fitted:], targets[fitted:]) for values in outputs)
    gains = after < before
    kept = {
        tensor: np.where(_along(gains, learned[tensor].ndim, axis), learned[tensor], given[tensor])
        for tensor, axis in ((layer.weights.index, layer.channel_axis), (layer.bias.index, 0))
    }
    signal = sum(float(np.square(_clamped(layer, one_target)).sum()) for one_target in targets[fitted:])
    change = LayerChange(
        layer.name,
        decibels(signal, float(before.sum())),
        decibels(signal, float(np.where(gains, after, before).sum())),
        int(np.count_nonzero(kept[layer.weights.index] != given[layer.weights.index])),
    )
    if not gains.any():
        return _Result({}, outputs[0], change)
    return _Result(kept, outputs[1] if gains.all() else network.run(index, kept)[0], change)


def _fit(one: FittedLayer, found: Moments) -> tuple[np.ndarray, np.ndarray]:
    """The weights and the bias, as the file stores them, that come closest to the targets.

    Weights are counted in steps of their own scale, so that neighbours are 1 apart.
    """
    layer, geometry = one.layer, one.geometry
    assert layer.weights.quantization is not None
    scale = one.by_output(np.array(layer.weights.quantization.scale, np.float32))
    stored = layer.weights.values()
    nearest = geometry.matrix(stored).astype(np.float32)
    error = quadratic(found, one.float_weights(), scale)
    largest = LARGEST[layer.weights.dtype]
    other = np.clip(nearest + np.sign(error.wanted - nearest), -largest, largest)
    start = round_with_feedback(error.gram, error.wanted, np.minimum(nearest, other), np.maximum(nearest, other))
    chosen = descend(error.gram, error.pull, start, nearest + other - start)
    bias = fitted_bias(one, found, chosen * scale)
    return geometry.weights(chosen, stored.shape).astype(stored.dtype), bias_of(layer, bias)


def _clamped(layer: WeightedLayer, values: np.ndarray) -> np.ndarray:
    clamped: np.ndarray = np.clip(values, *layer.clamp)
    return clamped


def _channel_errors(one: FittedLayer, outputs: Values, targets: list[np.ndarray]) -> np.ndarray:
    """Energy of the error behind the activation function: float64 [channels]."""
    errors = np.zeros(one.layer.channels)
    for values, target in zip(outputs, targets, strict=True):
        got = one.geometry.by_group(real(one.layer.output, one.geometry.outputs(values, one.positions)))
        errors += np.square(got - _clamped(one.layer, target), dtype=np.float64).sum(axis=1).reshape(-1)
    return errors


def _along(channels: np.ndarray, ndim: int, axis: int) -> np.ndarray:
    """A value for each channel, shaped to go with an array whose channels lie along an axis."""
    return channels.reshape([-1 if one == axis else 1 for one in range(ndim)])
