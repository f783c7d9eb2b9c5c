"""Bias correction on a quantized .tflite: the mean of each output channel is brought back to the float network's.

Empirical bias correction (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias
Correction", appendix D) compares means before the activation function. Here they are compared behind it, on the very
integers that the kernel writes: that is what later layers see, and it counts the clipping of the output range too. The
shift that brings the mean to its place is found by Newton's method: a shift of the bias moves the mean by itself times
the share of outputs that the clamp leaves alone. Layers are taken in order, each on the inputs that the corrected
layers before it give. Runs in a worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...tflite import Subgraph, read_tflite, with_constants
from ...tflite.biases import NewBias, with_biases
from .operator_run import Feeds, NetworkRun, Values, reduced_values
from .weighted import OPERANDS, Corrected, LayerChange, WeightedLayer, decibels, weighted_layers

FEWEST_SAMPLES = 8
"""With fewer, a mean error cannot be told from chance."""

SIGNIFICANT = 2.0
"""Standard errors that a mean error must exceed for a correction: chance alone does so in one channel out of 20."""

STEPS = 2
"""Newton steps at most; without a fused clamp the first is exact but for rounding."""

LEAST_SHARE = 0.05
"""The least share of outputs that a step reckons with, so that nearly dead channels do not leap."""

LARGEST_BIAS = 2**30
"""Half of what an accumulator holds; the other half is left to the sum of products."""


def correct_biases(reference: bytes, quantized: bytes, *, threads: int, samples: Sequence[Feeds]) -> Corrected:
    """Shifts biases so that the mean error of each output channel vanishes.

    A channel is corrected where its mean error over the samples exceeds `SIGNIFICANT` standard errors, and only as far
    as that makes it smaller. A convolution or dense layer without a bias gets one.

    Args:
        reference: the float .tflite.
        quantized: the file made from it.
        threads: threads of each interpreter.
        samples: a handful, all held in memory, of the signature's inputs; fewer than `FEWEST_SAMPLES` change nothing.

    Returns:
        The corrected file; for each layer the energy of its output over that of its mean errors, before and after, in
        dB, the layers before it being corrected in both.

    Raises:
        EdgecompError: an operator cannot run by itself, as those that work on variables.
    """
    exact = read_tflite(reference).main
    if len(samples) < FEWEST_SAMPLES or not weighted_layers(exact, read_tflite(quantized).main):
        return Corrected(quantized, ())
    file = with_missing_biases(exact, quantized)
    network = NetworkRun(file, samples, threads=threads)
    layers = weighted_layers(exact, network.graph)
    wanted = _reference_means(reference, list(layers.values()), samples, threads)
    constants: dict[int, np.ndarray] = {}
    changes = []
    for operator in network.operators:
        layer = layers.get(operator.index)
        if layer is None or layer.bias is None:
            network.advance(operator.index, network.run(operator.index))
            continue
        result = _corrected(network, layer, wanted[layer.name])
        network.advance(operator.index, [result.outputs])
        changes.append(result.change)
        if result.change.changed:
            constants[layer.bias.index] = result.bias
    if not constants:
        return Corrected(quantized, tuple(changes))
    return Corrected(with_constants(file, constants), tuple(changes))


def with_missing_biases(reference: Subgraph, quantized: bytes) -> bytes:
    """Gives a bias of zeros to each layer of a quantized file that has none."""
    dtypes = {"int8": "int32", "int16": "int64", "float32": "float32"}
    missing = []
    for layer in weighted_layers(reference, read_tflite(quantized).main).values():
        if layer.bias is not None or layer.data.dtype not in dtypes:
            continue
        scale: tuple[float, ...] = ()
        if layer.data.quantization is not None and layer.weights.quantization is not None:
            scale = tuple(layer.data.quantization.scale[0] * one for one in layer.weights.quantization.scale)
        position = OPERANDS[layer.operator.name][2]
        dtype = dtypes[layer.data.dtype]
        missing.append(NewBias(layer.operator.index, position, f"{layer.name}/bias", layer.channels, dtype, scale))
    return with_biases(quantized, missing)


@dataclass(frozen=True)
class _Means:
    """Of one layer's output in the float network.

    Args:
        means: float64 [samples, channels].
        energy: sum of squares over the channels, averaged over positions and samples.
    """

    means: np.ndarray
    energy: float


@dataclass(frozen=True)
class _Result:
    bias: np.ndarray
    outputs: Values
    change: LayerChange


def _reference_means(
    reference: bytes, layers: Sequence[WeightedLayer], samples: Sequence[Feeds], threads: int
) -> dict[str, _Means]:
    def reduce(values: np.ndarray) -> tuple[np.ndarray, float]:
        rows = values.reshape(-1, values.shape[-1])
        return _row_mean(rows), float(np.vdot(rows, rows)) / len(rows)

    wanted = reduced_values(
        reference, [(layer.reference_output.index, reduce) for layer in layers], samples, threads=threads
    )
    return {
        layer.name: _Means(np.stack([mean for mean, _ in kept]), float(np.mean([energy for _, energy in kept])))
        for layer, kept in zip(layers, wanted, strict=True)
    }


def _corrected(network: NetworkRun, layer: WeightedLayer, wanted: _Means) -> _Result:
    """One layer's bias, and its outputs with it."""
    assert layer.bias is not None
    index, bias_index = layer.operator.index, layer.bias.index
    bias = layer.bias.values()
    outputs = network.run(index)[0]
    errors = _means(layer, outputs) - wanted.means
    noise = errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
    first = error = errors.mean(axis=0)
    open_channels = np.abs(error) > SIGNIFICANT * noise
    start, unit = bias, layer.bias_unit()
    for _ in range(STEPS):
        shift = -error / _responsive_share(layer, outputs)
        candidate = np.where(open_channels, bias_of(layer, bias * unit + shift), bias)
        if np.array_equal(candidate, bias):
            break
        tried = network.run(index, {bias_index: candidate})[0]
        found = (_means(layer, tried) - wanted.means).mean(axis=0)
        better = np.abs(found) < np.abs(error)
        # A channel's outputs depend on its own bias alone, so that those of both runs can be put together.
        outputs = (
            tried if better.all() else [np.where(better, new, old) for new, old in zip(tried, outputs, strict=True)]
        )
        bias, error = np.where(better, candidate, bias), np.where(better, found, error)
        open_channels &= better & (np.abs(error) > noise)
    change = LayerChange(
        layer.name,
        decibels(wanted.energy, float(np.square(first).sum())),
        decibels(wanted.energy, float(np.square(error).sum())),
        int(np.count_nonzero(bias != start)),
    )
    return _Result(bias, outputs, change)


def _means(layer: WeightedLayer, outputs: Values) -> np.ndarray:
    """Of real values, for each sample and channel: float64 [samples, channels]."""
    stored = np.stack([_row_mean(one.reshape(-1, one.shape[-1])) for one in outputs])
    quantization = layer.output.quantization
    if quantization is None or outputs[0].dtype.kind == "f":
        return stored
    return (stored - quantization.zero_point[0]) * quantization.scale[0]


def _row_mean(rows: np.ndarray) -> np.ndarray:
    """The mean of each column as float64; a product with ones, since that is many times as fast as `mean`."""
    ones = np.ones(len(rows), np.float32)
    summed: np.ndarray = ones @ rows.astype(np.float32, copy=False)
    return summed.astype(np.float64) / len(rows)


def _responsive_share(layer: WeightedLayer, outputs: Values) -> np.ndarray:
    """The share of a channel's outputs that a small shift of its bias would move: [channels], `LEAST_SHARE` to 1."""
    low, high = layer.clamp
    if not np.isfinite(low):
        return np.ones(layer.channels)
    least, most = (_stored_bound(layer, outputs[0].dtype, bound) for bound in (low, high))
    shares = [_row_mean(((one > least) & (one < most)).reshape(-1, one.shape[-1])) for one in outputs]
    share: np.ndarray = np.maximum(np.mean(shares, axis=0), LEAST_SHARE)
    return share


def _stored_bound(layer: WeightedLayer, dtype: np.dtype, bound: float) -> float:
    """A bound of the clamp as the output tensor stores it."""
    quantization = layer.output.quantization
    if quantization is None or dtype.kind == "f":
        return bound
    limits = np.iinfo(dtype)
    return float(np.clip(quantization.zero_point[0] + bound / quantization.scale[0], limits.min, limits.max))


def bias_of(layer: WeightedLayer, values: np.ndarray) -> np.ndarray:
    """A bias in real numbers as the layer stores it, as far as that leaves the accumulators room.

    Args:
        layer: with a bias.
        values: float [channels].

    Returns:
        of the bias's dtype, [channels]; what lies beyond `LARGEST_BIAS` is cut off, but not below what the file had.
    """
    assert layer.bias is not None
    given = layer.bias.values()
    if given.dtype.kind == "f":
        return values.astype(given.dtype)
    start = given.astype(np.float64)
    low, high = np.minimum(start, -LARGEST_BIAS), np.maximum(start, LARGEST_BIAS)
    stored: np.ndarray = np.clip(np.rint(values / layer.bias_unit()), low, high).astype(given.dtype)
    return stored
