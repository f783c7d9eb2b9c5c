"""Integer files of one float file with parts of it left at float, and how close their answers are to its own.

What is measured is the deployed file in the interpreter, never a simulation: every variant is made by the same
quantizer with the same ranges. Runs in a worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from edgecomp_runtime.tensors import read_tensors

from ...tflite import TfliteModel, read_tflite
from ..fidelity import Closeness, Outputs, closeness
from ..litert.apply import QuantizeError, quantize
from ..ranges.choice import Ranges
from ..schemes import Io, Scheme
from .units import Unit, find_units, integer_units

Feeds = dict[str, np.ndarray]
"""One sample: float32 arrays of the inputs' shapes, batch of 1 first, by the names of the signature."""

_LEAST_PROBABILITY = 1e-7


@dataclass(frozen=True)
class Score:
    """How close a file's answers are to the float file's.

    Args:
        closeness: error of the outputs, and share of equal answers.
        divergence: Kullback-Leibler divergence of the float file's probabilities from the file's, in nats, averaged
            over samples; None where no output is a softmax.
    """

    closeness: Closeness
    divergence: float | None

    @property
    def error(self) -> float:
        """Noise over signal at the outputs, 0 to 1."""
        return self.closeness.error

    @property
    def decibels(self) -> float:
        """The same in dB; more is better."""
        return self.closeness.decibels

    @property
    def agreement(self) -> float | None:
        """Share of samples with the same class, 0 to 1; None where answers are no classes."""
        return self.closeness.agreement


@dataclass(frozen=True)
class NumberFormat:
    """The integers of a file, as `quantize` takes them.

    Args:
        scheme: one whose activations are integers.
        io: of the file to be shipped.
        symmetric_activations: whether zero points are 0.
        per_tensor_weights: whether all channels of a tensor share one scale.
    """

    scheme: Scheme = "int8"
    io: Io = "int8"
    symmetric_activations: bool = False
    per_tensor_weights: bool = False


INT8 = NumberFormat()


@dataclass(frozen=True)
class Experiment:
    """The float file with everything that its quantized variants are judged by.

    Args:
        model: the float .tflite.
        ranges: of its tensors.
        numbers: the integers of the file to be shipped.
        threads: of the interpreter.
        samples: what the variants run on.
        classes: for each output, whether it scores classes.
        references: the float file's outputs on the samples.
        units: those that have an integer form.
    """

    model: bytes
    ranges: Ranges
    numbers: NumberFormat
    threads: int
    samples: Sequence[Feeds]
    classes: Sequence[bool]
    references: Sequence[Outputs]
    units: tuple[Unit, ...]

    def variant(self, kept: Sequence[Unit], *, io: Io | None = None, float_outputs: bool = False) -> bytes:
        """The file with some units at float, as the quantizer writes it."""
        return _quantized(
            self.model,
            self.ranges,
            self.numbers if io is None else replace(self.numbers, io=io),
            float_operators=[name for unit in kept for name in unit.tensors],
            float_outputs=float_outputs,
        )

    def score(self, file: bytes) -> Score:
        """Runs a file on the samples."""
        outputs = run_outputs(file, threads=self.threads, samples=self.samples)
        return Score(
            closeness(self.references, outputs, classes=self.classes), _mean_divergence(self.references, outputs)
        )


def prepare(
    model: bytes,
    ranges: Ranges,
    *,
    threads: int,
    samples: Sequence[Feeds],
    classes: Sequence[bool],
    numbers: NumberFormat = INT8,
) -> tuple[Experiment, bytes]:
    """Runs the float file and quantizes all of it.

    Args:
        model: a float .tflite with a signature.
        ranges: of its tensors.
        threads: of the interpreter.
        samples: held ones, at least two; they need no labels.
        classes: for each output, whether it scores classes along its last axis.
        numbers: the integers of the file to be shipped.

    Returns:
        What variants are judged by, and the file that is integers throughout.

    Raises:
        QuantizeError: the file cannot be quantized, or does not run.
    """
    references = run_outputs(model, threads=threads, samples=samples)
    quantized = _quantized(model, ranges, numbers)
    units = integer_units(find_units(read_tflite(model)), read_tflite(quantized))
    return Experiment(model, ranges, numbers, threads, samples, classes, references, units), quantized


def _quantized(model: bytes, ranges: Ranges, numbers: NumberFormat, **kept: Any) -> bytes:
    return quantize(
        model,
        scheme=numbers.scheme,
        io=numbers.io,
        ranges=ranges,
        symmetric_activations=numbers.symmetric_activations,
        per_tensor_weights=numbers.per_tensor_weights,
        **kept,
    )


class FileRunner:
    """An interpreter fed by the names of the model's signature.

    Args:
        file: a .tflite.
        names: of its inputs, in the graph's order; None where the file has a signature that tells them.
        threads: of the interpreter.

    Raises:
        QuantizeError: the interpreter cannot load the file.
    """

    def __init__(self, file: bytes, *, threads: int, names: Sequence[str] | None = None) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter = Interpreter(model_content=file, num_threads=threads)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise QuantizeError(f"a variant of the file does not load: {error}") from error
        self._names = input_names(read_tflite(file)) if names is None else names
        self._inputs, self._outputs = read_tensors(self._interpreter)

    def run(self, feeds: Feeds) -> list[np.ndarray]:
        """Real values of the outputs for one sample, in the graph's order.

        Raises:
            QuantizeError: the interpreter cannot run the file.
        """
        for name, tensor in zip(self._names, self._inputs, strict=True):
            self._interpreter.set_tensor(tensor.index, tensor.encode(feeds[name]))
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise QuantizeError(f"a variant of the file does not run: {error}") from error
        return [tensor.decode(self._interpreter.get_tensor(tensor.index)) for tensor in self._outputs]


def input_names(model: TfliteModel) -> list[str]:
    """What the signature calls the inputs, in the graph's order."""
    names = {index: name for name, index in model.signature.inputs} if model.signature else {}
    return [names.get(tensor.index, tensor.name) for tensor in model.inputs]


def run_outputs(file: bytes, *, threads: int, samples: Sequence[Feeds]) -> list[Outputs]:
    """The outputs of every sample, float32, in the graph's order.

    Raises:
        QuantizeError: the interpreter cannot run the file.
    """
    runner = FileRunner(file, threads=threads)
    return [runner.run(feeds) for feeds in samples]


def _mean_divergence(references: Sequence[Outputs], outputs: Sequence[Outputs]) -> float | None:
    """Of the first output that is a distribution in the float file; None where there is none."""
    for position in range(len(references[0])):
        exact = np.stack([np.asarray(one[position], np.float64) for one in references])
        if exact.shape[-1] < 2 or exact.min() < 0 or not np.allclose(exact.sum(axis=-1), 1, atol=1e-3):
            continue
        given = np.stack([np.asarray(one[position], np.float64) for one in outputs])
        wanted, got = (_distribution(one) for one in (exact, given))
        return max(0.0, float(np.mean(np.sum(wanted * np.log(wanted / got), axis=-1))))
    return None


def _distribution(values: np.ndarray) -> np.ndarray:
    """What sums to 1 along the last axis, and has no zeros to divide by."""
    positive = np.maximum(values, _LEAST_PROBABILITY)
    return np.asarray(positive / positive.sum(axis=-1, keepdims=True))
