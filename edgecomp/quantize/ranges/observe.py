"""Watching what flows through a float .tflite: extremes and histograms of every tensor. Runs in a worker process."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import gcd, prod

import numpy as np

from ...errors import InputError
from ...tflite import Tensor
from .exposed_graph import ExposedGraph
from .histogram import PATTERNS, Histogram, count_patterns

LOOKED_AT = 8192
"""About how many elements of a tensor the histogram takes from one sample."""

_REDUCED_ROW = 3072
"""Elements that one step of a reduction takes side by side: 13 times as fast as the 96 of a layer's channels."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What was seen of one tensor.

    Exact, over every element of every sample: all but `histogram`, which takes each element of tensors of up to
    2 * LOOKED_AT elements and an even choice of the larger ones', another one for each sample.

    Args:
        low: smallest value.
        high: largest value.
        average_low: mean of the samples' smallest values.
        average_high: mean of the samples' largest values.
        histogram: of the values; its shares are what counts, since it may hold a choice of them.
        channel_low: smallest value by index of the last axis: float32 [channels]; [1] for a scalar.
        channel_high: likewise the largest.
        samples: number of samples.
    """

    low: float
    high: float
    average_low: float
    average_high: float
    histogram: Histogram
    channel_low: np.ndarray
    channel_high: np.ndarray
    samples: int


Feeds = Mapping[str, np.ndarray]

Observations = dict[str, Observation]
"""By tensor name."""


def observe(model: bytes, *, threads: int, stream: Iterable[Feeds]) -> Observations:
    """Runs a float .tflite on samples and records every float32 tensor that it is fed or computes.

    Memory does not grow with the number of samples, and their order does not matter.

    Args:
        model: a float .tflite with a signature.
        threads: threads of the interpreter.
        stream: samples: arrays of the input tensors' shapes, by the signature's input names.

    Returns:
        the observations of the main graph's tensors; the bodies of loops are not looked into.

    Raises:
        InputError: there is no sample, a value is NaN or infinite, or two tensors have the same name.
    """
    graph = ExposedGraph(model, threads)
    observations = _record(graph, stream)
    if graph.tensors and not observations:
        raise InputError("there are no calibration samples to observe; give at least one")
    return observations


def merge(one: Observations, other: Observations) -> Observations:
    """Joins what was observed on two sets of samples of one model; the same as observing both in one go."""
    return {name: _merged(one[name], other[name]) for name in one if name in other}


def _merged(one: Observation, other: Observation) -> Observation:
    samples = one.samples + other.samples
    return Observation(
        low=min(one.low, other.low),
        high=max(one.high, other.high),
        average_low=(one.average_low * one.samples + other.average_low * other.samples) / samples,
        average_high=(one.average_high * one.samples + other.average_high * other.samples) / samples,
        histogram=one.histogram.merge(other.histogram),
        channel_low=np.minimum(one.channel_low, other.channel_low),
        channel_high=np.maximum(one.channel_high, other.channel_high),
        samples=samples,
    )


def _record(graph: ExposedGraph, samples: Iterable[Feeds]) -> Observations:
    recorders = {tensor.index: _Recorder(tensor) for tensor in graph.tensors}
    for number, feeds in enumerate(samples):
        choice = _fingerprint(feeds)
        graph.run(feeds)
        for tensor in graph.tensors:
            if not recorders[tensor.index].add(graph.values(tensor), choice):
                raise InputError(
                    f"sample {number} makes the tensor {tensor.name} NaN or infinite; "
                    "check the sample and how it is preprocessed"
                )
    seen = {tensor.name: recorders[tensor.index].observation() for tensor in graph.tensors}
    return {name: one for name, one in seen.items() if one is not None}


def _fingerprint(feeds: Feeds) -> int:
    """A number that depends on the sample alone, so that the order of samples does not matter."""
    result = 0
    for name in sorted(feeds):
        result = zlib.crc32(np.ascontiguousarray(feeds[name]).data, result)
    return result


class _Recorder:
    """Collects what becomes an `Observation`."""

    def __init__(self, tensor: Tensor) -> None:
        self._channels = max(tensor.shape[-1], 1) if tensor.shape else 1
        self._stride = _stride(prod(tensor.shape), self._channels)
        self._patterns = np.zeros(PATTERNS, np.int64)
        self._channel_low = np.full(self._channels, np.inf, np.float32)
        self._channel_high = np.full(self._channels, -np.inf, np.float32)
        self._sums = np.zeros(2)
        self._samples = 0

    def add(self, values: np.ndarray, choice: int) -> bool:
        """Takes one sample's values; False where one is NaN or infinite."""
        if not values.size:
            return True
        lows, highs = _channel_extremes(values, self._channels)
        extremes = np.array([lows.min(), highs.max()])
        if not np.isfinite(extremes).all():
            return False
        np.minimum(self._channel_low, lows, out=self._channel_low)
        np.maximum(self._channel_high, highs, out=self._channel_high)
        self._patterns += count_patterns(values.reshape(-1)[choice % self._stride :: self._stride])
        self._sums += extremes
        self._samples += 1
        return True

    def observation(self) -> Observation | None:
        """None if no sample had a value."""
        if not self._samples:
            return None
        average_low, average_high = self._sums / self._samples
        return Observation(
            low=float(self._channel_low.min()),
            high=float(self._channel_high.max()),
            average_low=float(average_low),
            average_high=float(average_high),
            histogram=Histogram.from_patterns(self._patterns),
            channel_low=self._channel_low,
            channel_high=self._channel_high,
            samples=self._samples,
        )


def _stride(elements: int, channels: int) -> int:
    """Distance of the elements looked at; no divisor in common with the channels, so that none is left out."""
    stride = 1 if elements <= 2 * LOOKED_AT else elements // LOOKED_AT
    while gcd(stride, channels) > 1:
        stride += 1
    return stride


def _channel_extremes(values: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value by channel: float32 [channels] each; NaN where one is."""
    flat = values.reshape(-1)
    width = channels * max(min(_REDUCED_ROW, flat.size // 8) // channels, 1)
    whole = flat.size - flat.size % width
    parts = [part for part in (flat[:whole].reshape(-1, width), flat[whole:].reshape(-1, channels)) if part.size]
    lows = [part.min(axis=0).reshape(-1, channels).min(axis=0) for part in parts]
    highs = [part.max(axis=0).reshape(-1, channels).max(axis=0) for part in parts]
    return np.minimum(lows[0], lows[-1]), np.maximum(highs[0], highs[-1])
