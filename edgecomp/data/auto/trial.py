"""Trying preprocessings on labelled samples: which one does the model answer right with?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.preprocess import Preprocess, build_contract, prepare

from ...models.opened import TensorSpec
from ..dataset import Sample

SURE = 0.01
"""Significance: a difference that chance alone would give less often than this counts as one."""

SURE_EARLY = 0.001
"""The same, after the first look, since there are two looks."""


@dataclass(frozen=True)
class Verdicts:
    """How a model answers the samples under one preprocessing.

    Args:
        correct: bool, shape [n]: whether the answer is the label.
        answers: int64, shape [n]: the class it gives; None where only `correct` is known.
        likelihood: float64, shape [n]: log of the probability it gives to the label; None where it is not known.
        classes: how many classes there are to guess from.
    """

    correct: np.ndarray
    answers: np.ndarray | None = None
    likelihood: np.ndarray | None = None
    classes: int = 2


Evaluate = Callable[[Preprocess, Sequence[Sample]], "np.ndarray | Verdicts"]
"""Answers labelled samples under a preprocessing: `Verdicts`, or just whether each answer is right (bool, shape [n])."""

Predict = Callable[[dict[str, np.ndarray]], np.ndarray]
"""One sample's scores (float, any shape) from the values of the inputs by name."""


def evaluator(inputs: Sequence[TensorSpec], predict: Predict, *, images: bool) -> Evaluate:
    """An `Evaluate` from a function that runs the model.

    Args:
        inputs: the model's inputs.
        predict: runs the model on one sample.
        images: whether samples are photos.
    """

    def evaluate(preprocess: Preprocess, samples: Sequence[Sample]) -> Verdicts:
        contract = build_contract(preprocess, inputs, (), images=images)
        scores = [
            predict({one.name: prepare(one, sample.inputs[one.name]) for one in contract.inputs}).reshape(-1)
            for sample in samples
        ]
        return judge(np.stack(scores), np.array([sample.label for sample in samples], np.int64))

    return evaluate


def judge(scores: np.ndarray, labels: np.ndarray) -> Verdicts:
    """Compares scores with labels.

    Args:
        scores: shape [n, classes], or [n, 1] for two classes; probabilities or logits, which is seen from the values.
        labels: int64, shape [n].
    """
    logs = _log_probabilities(scores.astype(np.float64))
    answers = np.argmax(logs, axis=1)
    inside = (labels >= 0) & (labels < logs.shape[1])
    likelihood = logs[np.arange(len(labels)), np.where(inside, labels, 0)]
    return Verdicts((answers == labels) & inside, answers, np.where(inside, likelihood, np.nan), logs.shape[1])


def tflite_predictor(model: bytes, inputs: Sequence[TensorSpec]) -> Predict:
    """Runs a float .tflite by ai-edge-litert's interpreter.

    Args:
        model: the file's bytes.
        inputs: the model's inputs; by name where the file's signature has those names, else in the order of the file.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=2)
    interpreter.allocate_tensors()
    names = [one.name for one in inputs]
    signatures: Mapping[str, Any] = interpreter.get_signature_list()
    key = next((key for key, one in signatures.items() if set(one["inputs"]) == set(names)), None)
    if key is not None:
        runner = interpreter.get_signature_runner(key)
        output = next(iter(signatures[key]["outputs"]))
        return lambda feeds: np.asarray(runner(**feeds)[output])
    places = [one["index"] for one in interpreter.get_input_details()]
    result = interpreter.get_output_details()[0]["index"]

    def predict(feeds: dict[str, np.ndarray]) -> np.ndarray:
        for place, name in zip(places, names, strict=True):
            interpreter.set_tensor(place, feeds[name])
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(result))

    return predict


def keras_predictor(model: Any, inputs: Sequence[TensorSpec]) -> Predict:
    """Runs a Keras model.

    Args:
        model: a `keras.Model`.
        inputs: its inputs, in its order.
    """
    import tensorflow as tf

    def call(values: list[Any]) -> Any:
        outputs = model(values if len(values) > 1 else values[0], training=False)
        return tf.nest.flatten(outputs)[0]

    compiled = tf.function(call, autograph=False)
    return lambda feeds: np.asarray(compiled([tf.constant(feeds[one.name]) for one in inputs]))


def as_verdicts(value: np.ndarray | Verdicts, count: int) -> Verdicts:
    """What an `Evaluate` gave, as `Verdicts`."""
    verdicts = value if isinstance(value, Verdicts) else Verdicts(np.asarray(value, bool))
    if verdicts.correct.shape != (count,):
        raise ValueError(f"evaluate gave {verdicts.correct.shape} answers for {count} samples")
    return verdicts


def sign_test(wins: int, losses: int) -> float:
    """Probability of a split as uneven as this or more, were wins and losses equally likely: the exact two-sided sign
    test, which on pairs of right and wrong answers is McNemar's exact test.

    Args:
        wins: pairs in which the first was better.
        losses: pairs in which the second was better.
    """
    pairs, fewer = wins + losses, min(wins, losses)
    tail = sum(math.comb(pairs, k) for k in range(fewer + 1)) / 2**pairs
    return min(1.0, 2 * tail)


def above_chance(right: int, count: int, classes: int) -> float:
    """Probability of so many right answers or more by guessing.

    Args:
        right: right answers.
        count: all answers.
        classes: how many there are to guess from.
    """
    chance = 1 / max(classes, 2)
    return sum(math.comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(right, count + 1))


def better(one: Verdicts, other: Verdicts) -> float:
    """Significance of the difference in right answers between two preprocessings on the same samples."""
    return sign_test(int(np.sum(one.correct & ~other.correct)), int(np.sum(other.correct & ~one.correct)))


def likelier(one: Verdicts, other: Verdicts) -> float:
    """Significance of the difference in the probability given to the label; 1 where it is not known."""
    if one.likelihood is None or other.likelihood is None:
        return 1.0
    difference = one.likelihood - other.likelihood
    return sign_test(int(np.sum(difference > 0)), int(np.sum(difference < 0)))


def _log_probabilities(scores: np.ndarray) -> np.ndarray:
    tiny = 1e-12
    if scores.shape[1] == 1:
        inside = bool(np.all((scores >= 0) & (scores <= 1)))
        positive = scores if inside else 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
        return np.log(np.maximum(np.concatenate([1 - positive, positive], axis=1), tiny))
    if bool(np.all(scores >= 0)) and np.allclose(scores.sum(axis=1), 1, atol=1e-2):
        return np.log(np.maximum(scores, tiny))
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
