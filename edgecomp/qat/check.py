"""Does the network compute what the files compute? Runs them in the interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import EdgecompError
from ..quantize.mend.operator_run import Feeds, reduced_values
from ..tflite import Tensor, read_tflite
from .network import FakeQuantNetwork

TOLERANCE = 1e-3
"""Of a float output's largest absolute value, as for the export: kernels add up in another order than TensorFlow's."""


@dataclass(frozen=True)
class Match:
    """How well a file's outputs match the network's.

    Args:
        agreement: share of samples with the largest value at the same place in each output, 0 to 1.
        mean_difference: over all values: in steps of the output's integers; for float outputs as a share of the largest
            absolute value.
        largest_difference: likewise the largest.
        n: samples compared.
    """

    agreement: float
    mean_difference: float
    largest_difference: float
    n: int


def check_float(network: FakeQuantNetwork, samples: Sequence[Feeds], *, threads: int = 1) -> None:
    """Holds the network without rounding against the float file that it was planned from and has its constants.

    Args:
        network: as trained, or not yet.
        samples: arrays [1, ...] by the signature's input names; at least one.
        threads: of the interpreter.

    Raises:
        EdgecompError: they differ.
        InputError: the network has an operator that is not known.
    """
    found = _match(network, network.trained_file(), samples, threads, rounded=False)
    if not found.largest_difference <= TOLERANCE:
        raise EdgecompError(
            "the network for quantization-aware training does not compute what the float file computes: its outputs "
            f"differ by {found.largest_difference:.2%} of their largest value. Leave --qat out, and please report it "
            "with the model."
        )


def match(network: FakeQuantNetwork, file: bytes, samples: Sequence[Feeds], *, threads: int = 1) -> Match:
    """Compares the network with a quantized file.

    Args:
        network: as trained.
        file: made of `network.trained_file()` and `network.ranges()`.
        samples: arrays [1, ...] by the signature's input names; at least one.
        threads: of the interpreter.
    """
    return _match(network, file, samples, threads, rounded=True)


def _match(network: FakeQuantNetwork, file: bytes, samples: Sequence[Feeds], threads: int, *, rounded: bool) -> Match:
    given = _run(file, samples, threads)
    batch = {name: np.concatenate([one[name] for one in samples]) for name in samples[0]}
    expected = [np.asarray(one) for one in network.compute(batch, rounded=rounded)]
    agreements, means, maxima = [], [], []
    for tensor, exact, stored in zip(read_tflite(file).outputs, expected, given, strict=True):
        values, step = _real(tensor, stored)
        difference = np.abs(values - exact.reshape(values.shape)) / step
        rows = exact.reshape(len(samples), -1), values.reshape(len(samples), -1)
        agreements.append(np.mean(rows[0].argmax(axis=1) == rows[1].argmax(axis=1)))
        means.append(difference.mean())
        maxima.append(difference.max(initial=0))
    return Match(float(np.min(agreements)), float(np.max(means)), float(np.max(maxima)), len(samples))


def _run(file: bytes, samples: Sequence[Feeds], threads: int) -> list[np.ndarray]:
    """What each output stores: [samples, ...]."""
    reductions = [(tensor.index, np.copy) for tensor in read_tflite(file).outputs]
    return [np.concatenate(one) for one in reduced_values(file, reductions, samples, threads=threads)]


def _real(tensor: Tensor, stored: np.ndarray) -> tuple[np.ndarray, float]:
    """Values in real numbers, and what differences between them are counted in."""
    if tensor.quantization is None or stored.dtype.kind == "f":
        return stored, float(np.abs(stored).max(initial=0)) or 1.0
    scale, zero = tensor.quantization.scale[0], tensor.quantization.zero_point[0]
    return (stored.astype(np.float32) - zero) * np.float32(scale), scale
