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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from ...tflite import TfliteModel, read_tflite, with_constants
from .bias import FEWEST_SAMPLES, bias_of, with_missing_biases
from .descent import descend, round_with_feedback
from .operator_run import Feeds, NetworkRun, Values, reduced_values
from .patches import PatchGeometry, patch_geometry
from .weighted import OPERANDS, Corrected, LayerChange, WeightedLayer, decibels, real, weighted_layers

HELD_BACK = 1 / 4
"""Share of the samples, the last ones, that judge the fit."""

TARGET_SHARE = 0.5
"""How much of the error in a layer's input its weights are asked to make up for: the target lies so far on the way
from what the float layer makes of the quantized network's values to what it makes of the float network's. All of it
fits the samples too closely, none of it lets errors add up; a small MobileNet on CIFAR-10 came out best at half."""

DAMPING = 0.01
"""Added to the diagonal of the second moments, in units of its mean; pulls weights to their nearest integers."""

MOST_TAPS = 4608
"""Inputs of one output up to which a layer is learned, a 3 x 3 convolution of 512 channels: the square of it is held
in memory a few times."""

ROWS_PER_TAP = 4
FEWEST_ROWS, MOST_ROWS = 2048, 8192
"""Output positions that a layer is fitted on, over all samples, as far as it has them."""

_LARGEST = {"int8": 127, "int4": 7}


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
        if (found := _learnable(layer, len(samples))) is not None
    }
    targets = _targets(reference, list(learnable.values()), samples, threads)
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
class _Learnable:
    """A layer, and the output positions it is learned at."""

    layer: WeightedLayer
    geometry: PatchGeometry
    positions: np.ndarray


@dataclass(frozen=True)
class _Moments:
    """What is known of a layer's inputs x and its targets z, both without their means.

    Args:
        gram: sum of x x', float32 [groups, taps, taps].
        cross: sum of z x', float32 [groups, outputs, taps].
        input_mean: float32 [groups, 1, taps].
        target_mean: float32 [groups, 1, outputs].
    """

    gram: np.ndarray
    cross: np.ndarray
    input_mean: np.ndarray
    target_mean: np.ndarray


@dataclass(frozen=True)
class _Result:
    constants: dict[int, np.ndarray]
    outputs: Values
    change: LayerChange


def _learnable(layer: WeightedLayer, samples: int) -> _Learnable | None:
    geometry = patch_geometry(layer)
    taps = layer.weights.elements // layer.channels
    if geometry is None or layer.bias is None or taps > MOST_TAPS:
        return None
    rows = min(max(ROWS_PER_TAP * taps, FEWEST_ROWS), MOST_ROWS)
    count = min(geometry.positions, -(-rows // samples))
    chosen = np.random.default_rng(layer.operator.index).choice(geometry.positions, count, replace=False)
    return _Learnable(layer, geometry, np.sort(chosen))


def _targets(
    reference: bytes, learnable: Sequence[_Learnable], samples: Sequence[Feeds], threads: int
) -> dict[int, list[np.ndarray]]:
    """What each layer of the float network gives before its activation function.

    Returns:
        by the operator's index, for each sample [groups, positions, outputs].
    """
    reductions = [(one.layer.reference_data.index, _float_layer(one)) for one in learnable]
    kept = reduced_values(reference, reductions, samples, threads=threads)
    return {one.layer.operator.index: values for one, values in zip(learnable, kept, strict=True)}


def _float_layer(one: _Learnable) -> Callable[[np.ndarray], np.ndarray]:
    weights, bias = _float_weights(one), _float_bias(one)

    def apply(values: np.ndarray) -> np.ndarray:
        outputs: np.ndarray = _product(one.geometry.patches(values, one.positions, 0.0), weights) + bias
        return outputs

    return apply


def _float_weights(one: _Learnable) -> np.ndarray:
    return one.geometry.matrix(one.layer.reference_weights.values())


def _float_bias(one: _Learnable) -> np.ndarray:
    """[groups, 1, outputs]."""
    bias = one.layer.reference_bias
    values = np.zeros(one.layer.channels, np.float32) if bias is None else bias.values()
    return one.geometry.by_group(values)[:, None]


def _learned(network: NetworkRun, one: _Learnable, targets: list[np.ndarray]) -> _Result:
    """One layer's new constants, and its outputs with them."""
    layer, index = one.layer, one.layer.operator.index
    assert layer.bias is not None
    fitted = len(targets) - max(1, int(len(targets) * HELD_BACK))
    rows = (_patches(one, values) for values in network.values(layer.data.index)[:fitted])
    weights, bias = _fit(one, _moments(zip(rows, targets[:fitted], strict=True)))
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


def _patches(one: _Learnable, values: np.ndarray) -> np.ndarray:
    """The quantized network's inputs of the chosen positions, as real numbers: [groups, positions, taps]."""
    data = one.layer.data
    fill = data.quantization.zero_point[0] if data.quantization is not None else 0
    return real(data, one.geometry.patches(values, one.positions, fill))


def _moments(samples: Iterable[tuple[np.ndarray, np.ndarray]]) -> _Moments:
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
    return _Moments(*(value.astype(np.float32) for value in (gram, cross, inputs + origin, targets)))


def _fit(one: _Learnable, moments: _Moments) -> tuple[np.ndarray, np.ndarray]:
    """The weights and the bias, as the file stores them, that come closest to the targets.

    Weights are counted in steps of their own scale, so that neighbours are 1 apart.
    """
    layer, geometry = one.layer, one.geometry
    assert layer.weights.quantization is not None
    scale = np.broadcast_to(np.array(layer.weights.quantization.scale, np.float32), layer.channels)
    scale = geometry.by_group(scale)[:, :, None]
    stored = layer.weights.values()
    nearest = geometry.matrix(stored).astype(np.float32)
    wanted = _float_weights(one) / scale
    largest = _LARGEST[layer.weights.dtype]
    other = np.clip(nearest + np.sign(wanted - nearest), -largest, largest)
    diagonal = np.diagonal(moments.gram, axis1=1, axis2=2).mean(axis=1)[:, None, None]
    damping = np.where(diagonal > 0, DAMPING * diagonal, 1)
    gram = moments.gram + damping * np.eye(moments.gram.shape[1], dtype=np.float32)
    pull = TARGET_SHARE * moments.cross / scale + (1 - TARGET_SHARE) * wanted @ moments.gram + damping * wanted
    start = round_with_feedback(gram, wanted, np.minimum(nearest, other), np.maximum(nearest, other))
    chosen = descend(gram, pull, start, nearest + other - start)
    exact_mean = _product(moments.input_mean, wanted * scale) + _float_bias(one)
    goal = TARGET_SHARE * moments.target_mean + (1 - TARGET_SHARE) * exact_mean
    bias = goal - _product(moments.input_mean, chosen * scale)
    return geometry.weights(chosen, stored.shape).astype(stored.dtype), bias_of(layer, bias.reshape(-1))


def _product(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[groups, p, taps] and [groups, outputs, taps] -> [groups, p, outputs]."""
    product: np.ndarray = rows @ weights.transpose(0, 2, 1)
    return product


def _clamped(layer: WeightedLayer, values: np.ndarray) -> np.ndarray:
    clamped: np.ndarray = np.clip(values, *layer.clamp)
    return clamped


def _channel_errors(one: _Learnable, outputs: Values, targets: list[np.ndarray]) -> np.ndarray:
    """Energy of the error behind the activation function: float64 [channels]."""
    errors = np.zeros(one.layer.channels)
    for values, target in zip(outputs, targets, strict=True):
        got = one.geometry.by_group(real(one.layer.output, one.geometry.outputs(values, one.positions)))
        errors += np.square(got - _clamped(one.layer, target), dtype=np.float64).sum(axis=1).reshape(-1)
    return errors


def _along(channels: np.ndarray, ndim: int, axis: int) -> np.ndarray:
    """A value for each channel, shaped to go with an array whose channels lie along an axis."""
    return channels.reshape([-1 if one == axis else 1 for one in range(ndim)])
