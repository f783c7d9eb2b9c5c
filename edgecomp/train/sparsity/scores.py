"""What weights are ranked by while a network is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ...sparsify import magnitude_scores, random_scores
from .gradual import Criterion
from .weights import Kernel

REMEMBERED = 0.99
"""Of the mean gradient score at each step: it looks back a hundred steps."""


class Scorer(Protocol):
    """Ranks weights; what it remembers of the steps is in variables."""

    @property
    def variables(self) -> list[Any]: ...

    def observe(self, gradients: Sequence[Any]) -> None:
        """Looks at the gradients of the kernels, or None for each; runs inside of a compiled function."""

    def scores(self) -> list[np.ndarray]:
        """For each kernel an array of its shape, least important lowest."""


def make_scorer(by: Criterion, kernels: Sequence[Kernel], seed: int) -> Scorer:
    """The scorer of a criterion.

    Args:
        by: which.
        kernels: what is ranked.
        seed: of lots.
    """
    if by == "magnitude":
        return _Magnitude(kernels)
    if by == "random":
        return _Lots(kernels, seed)
    return _Gradients(kernels, moving=by == "movement")


class _Magnitude:
    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self._kernels = kernels
        self.variables: list[Any] = []

    def observe(self, gradients: Sequence[Any]) -> None:
        pass

    def scores(self) -> list[np.ndarray]:
        return [comparable(magnitude_scores(kernel.numpy())) for kernel in self._kernels]


class _Lots:
    def __init__(self, kernels: Sequence[Kernel], seed: int) -> None:
        # Drawn once: a lot that was drawn low stays low, or half of the weights would have their turn sooner or later.
        self._scores = [random_scores(tuple(one.variable.shape), seed + n) for n, one in enumerate(kernels)]
        self.variables: list[Any] = []

    def observe(self, gradients: Sequence[Any]) -> None:
        pass

    def scores(self) -> list[np.ndarray]:
        return self._scores


class _Gradients:
    """Sums over the steps of what a weight's own gradient says of it."""

    def __init__(self, kernels: Sequence[Kernel], *, moving: bool) -> None:
        import keras

        self._kernels, self._moving = kernels, moving
        self.variables = [
            keras.Variable(np.zeros(one.variable.shape, np.float32), trainable=False, name="score") for one in kernels
        ]

    def observe(self, gradients: Sequence[Any]) -> None:
        import tensorflow as tf

        for kernel, score, gradient in zip(self._kernels, self.variables, gradients, strict=True):
            if gradient is None:
                continue
            product = tf.convert_to_tensor(kernel.variable) * gradient
            # A step against the gradient draws a weight away from zero where their product is negative.
            score.assign(score - product if self._moving else REMEMBERED * score + (1 - REMEMBERED) * tf.abs(product))

    def scores(self) -> list[np.ndarray]:
        return [np.array(one, np.float64) for one in self.variables]


def comparable(magnitudes: np.ndarray) -> np.ndarray:
    """Magnitudes made comparable between layers.

    A weight's share of the energy of all that are at least as large in its layer: what its removal would do to the
    layer, relatively (LAMP; Lee et al., "Layer-adaptive Sparsity for the Magnitude-based Pruning", 2021). Within a
    layer the order stays that of magnitudes.

    Args:
        magnitudes: of one layer, any shape.
    """
    squares = np.square(magnitudes, dtype=np.float64).reshape(-1)
    order = np.argsort(squares, kind="stable")
    at_least = np.cumsum(squares[order][::-1])[::-1]
    scores = np.empty_like(squares)
    scores[order] = squares[order] / np.maximum(at_least, np.finfo(np.float64).tiny)
    return np.reshape(scores, magnitudes.shape)
