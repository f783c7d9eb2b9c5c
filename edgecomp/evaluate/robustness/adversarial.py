"""Inputs that are made to mislead the float model, to be tried on the compressed one.

FGSM: Goodfellow et al., "Explaining and Harnessing Adversarial Examples", 2015. PGD: Madry et al., "Towards Deep
Learning Models Resistant to Adversarial Attacks", 2018, with a random start and 10 steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...models.safe_gradients import safe_gradients

STEPS = 10
STEP_SHARE = 2.5
"""Of epsilon that all steps together may go."""

STRENGTHS = (1 / 255, 2 / 255, 4 / 255, 8 / 255)
UNIT = "share of the range"
METHODS = ("fgsm", "pgd")

Gradient = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Of the loss by the inputs, float32 [n, …], at inputs and class indices."""


@dataclass(frozen=True)
class Bounds:
    """What the model's input can be, in its own units.

    Args:
        low: float32, of the channels' shape.
        high: likewise.
    """

    low: np.ndarray
    high: np.ndarray


def keras_gradient(model: Any, activation: str) -> Gradient:
    """The gradient of a Keras classifier's cross-entropy.

    Args:
        model: a `keras.Model` of one input, whose first output answers.
        activation: what has to be applied for its scores to be probabilities: "none", "softmax" or "sigmoid".
    """
    import keras
    import tensorflow as tf

    def loss(scores: Any, labels: Any) -> Any:
        if scores.shape[-1] == 1:
            wanted = tf.cast(labels, scores.dtype)[:, None]
            return keras.losses.binary_crossentropy(wanted, scores, from_logits=activation != "none")
        return keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=activation != "none")

    def gradient(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
        given = tf.convert_to_tensor(inputs)
        with safe_gradients(model), tf.GradientTape() as tape:
            tape.watch(given)
            total = tf.reduce_sum(loss(keras.tree.flatten(model(given, training=False))[0], labels))
        return np.asarray(tape.gradient(total, given))

    return gradient


def attacked(
    method: str,
    inputs: np.ndarray,
    labels: np.ndarray,
    *,
    strength: float,
    bounds: Bounds,
    gradient: Gradient,
    seed: int,
) -> np.ndarray:
    """Inputs moved, each value by no more than the strength, to where the float model's loss is high.

    Args:
        method: "fgsm" (one step) or "pgd".
        inputs: float32 [n, …], in the model's units.
        labels: class indices, int64 [n].
        strength: how far a value may move, as a share of its range.
        bounds: that range.
        gradient: of the float model.
        seed: of PGD's random start.
    """
    reach = np.float32(strength) * (bounds.high - bounds.low)
    if method == "fgsm":
        return _within(inputs + reach * np.sign(gradient(inputs, labels)), inputs, reach, bounds)
    rng = np.random.default_rng(seed)
    moved = _within(inputs + reach * rng.uniform(-1, 1, inputs.shape).astype(np.float32), inputs, reach, bounds)
    for _ in range(STEPS):
        step = (STEP_SHARE / STEPS) * reach * np.sign(gradient(moved, labels))
        moved = _within(moved + step.astype(np.float32), inputs, reach, bounds)
    return moved


def _within(moved: np.ndarray, inputs: np.ndarray, reach: np.ndarray, bounds: Bounds) -> np.ndarray:
    near = np.clip(moved, inputs - reach, inputs + reach)
    return np.asarray(np.clip(near, bounds.low, bounds.high), np.float32)
