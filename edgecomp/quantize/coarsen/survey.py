"""What has to be known of a network's layers before their weights are chosen anew.

How much an error in a layer's output matters is measured: noise on the float layer's weights, and what that does to the
network's answers. Runs in a worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..mend.moments import DAMPING, FittedLayer
from ..mend.operator_run import Feeds, reduced_values
from .answers import Answers
from .layers import fitted_layers

NOISE = 0.05
"""Deviation of the noise on weights, in units of the root of their mean square; 26 dB below the layer's output."""

MOST_COUPLED_TAPS = 2304
"""Inputs of an output up to which second moments between them are looked at; all layers' are held at once."""

MOST_SAMPLES = 16
"""That noise is let through the network on, once for each layer."""


@dataclass(frozen=True, eq=False)
class SurveyedLayer:
    """A layer of the float network.

    Args:
        name: of its output tensor.
        curvature: float64 [groups, taps], error energy at the output, for each position, that a squared unit of error
            in a weight leaves where the inputs of less energy make up for it.
        energy: float64 [groups, taps], mean square of each input: the same where nothing makes up for it.
        importance: error energy of the network's answers, over that of the answers, for each unit of error energy at
            the layer's output.
    """

    name: str
    curvature: np.ndarray
    energy: np.ndarray
    importance: float


def survey(reference: bytes, quantized: bytes, *, threads: int, samples: Sequence[Feeds]) -> tuple[SurveyedLayer, ...]:
    """Looks at each layer whose weights could be chosen anew.

    Args:
        reference: the float .tflite.
        quantized: the file made from it.
        threads: of each interpreter.
        samples: a handful, by the signature's input names.
    """
    fitted = fitted_layers(reference, quantized, len(samples))
    grams = [_Gram(one) for one in fitted]
    reductions = [(one.layer.reference_data.index, gram.add) for one, gram in zip(fitted, grams, strict=True)]
    reduced_values(reference, reductions, samples, threads=threads)
    answers = Answers(reference, samples[:MOST_SAMPLES], threads=threads)
    return tuple(
        SurveyedLayer(
            one.layer.name, gram.conditional_energies(), gram.energies(), _importance(one, gram, answers, seed)
        )
        for seed, (one, gram) in enumerate(zip(fitted, grams, strict=True))
    )


def _importance(one: FittedLayer, gram: _Gram, answers: Answers, seed: int) -> float:
    weights, tensor = one.float_weights(), one.layer.reference_weights
    deviation = NOISE * float(np.sqrt(np.square(weights).mean()))
    noise = deviation * np.random.default_rng(seed).standard_normal(weights.shape).astype(np.float32)
    added = gram.energy(noise)
    if added <= 0:
        return 0.0
    noisy = tensor.values() + one.geometry.weights(noise, tensor.shape)
    return answers.error_with(tensor.index, noisy.astype(np.float32)) / added


class _Gram:
    """Second moments of a layer's inputs in the float network, gathered sample by sample."""

    def __init__(self, one: FittedLayer) -> None:
        self._one = one
        self._coupled = one.layer.weights.elements // one.layer.channels <= MOST_COUPLED_TAPS
        self._sum = np.zeros(0)
        self._count = 0

    def add(self, values: np.ndarray) -> None:
        rows = self._one.geometry.patches(values, self._one.positions, 0.0)
        found = rows.transpose(0, 2, 1) @ rows if self._coupled else np.square(rows).sum(axis=1)
        self._sum = found.astype(np.float64) if self._count == 0 else self._sum + found
        self._count += rows.shape[1]

    def energy(self, weights: np.ndarray) -> float:
        """What weights [groups, outputs, taps] give at a position, all outputs together."""
        moments = self._sum / self._count
        products = weights @ moments if self._coupled else weights * moments[:, None]
        return float((products * weights).sum())

    def energies(self) -> np.ndarray:
        """Mean square of each input."""
        moments = self._sum / self._count
        return np.diagonal(moments, axis1=1, axis2=2).copy() if self._coupled else moments

    def conditional_energies(self) -> np.ndarray:
        """What is left of each input's mean square when those of less energy have said what they can of it."""
        diagonal = self.energies()
        if not self._coupled:
            return diagonal
        moments = self._sum / self._count
        damping = np.maximum(DAMPING * diagonal.mean(axis=1), 1e-12)[:, None, None]
        order = np.argsort(diagonal, axis=1, kind="stable")
        moments = moments + damping * np.eye(moments.shape[1])
        moments = np.take_along_axis(np.take_along_axis(moments, order[:, :, None], 1), order[:, None, :], 2)
        left = np.empty_like(diagonal)
        roots = np.diagonal(np.linalg.cholesky(moments), axis1=1, axis2=2)
        np.put_along_axis(left, order, np.square(roots), 1)
        return left
