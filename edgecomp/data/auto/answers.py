"""How a model answers labelled samples under a preprocessing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.preprocess import Preprocess, build_contract, prepare

from ...models.opened import TensorSpec
from ..dataset import Sample

_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class Verdicts:
    """How a model answers the samples under one preprocessing.

    Args:
        correct: bool, shape [n]: whether the answer is the label.
        answers: int64, shape [n]: the class it gives; None where only `correct` is known.
        loss: float64, shape [n]: cross-entropy, in nats; None where it is not known.
        classes: how many classes there are to guess from.
    """

    correct: np.ndarray
    answers: np.ndarray | None = None
    loss: np.ndarray | None = None
    classes: int = 2


Evaluate = Callable[[Preprocess, Sequence[Sample]], np.ndarray | Verdicts]
"""Answers labelled samples under a preprocessing: `Verdicts`, or whether each answer is right (bool, shape [n])."""

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
    answers = np.argmax(logs, axis=1).astype(np.int64)
    known = (labels >= 0) & (labels < logs.shape[1])
    loss = -logs[np.arange(len(labels)), np.where(known, labels, 0)]
    return Verdicts((answers == labels) & known, answers, loss if known.all() else None, logs.shape[1])


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


def _log_probabilities(scores: np.ndarray) -> np.ndarray:
    """Log of the probability of each class, shape [n, classes]."""
    if scores.shape[1] == 1:
        inside = bool(np.all((scores >= 0) & (scores <= 1)))
        positive = scores if inside else 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
        probabilities = np.concatenate([1 - positive, positive], axis=1)
    elif bool(np.all(scores >= 0)) and np.allclose(scores.sum(axis=1), 1, atol=1e-2):
        probabilities = scores
    else:
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities = raised / raised.sum(axis=1, keepdims=True)
    return np.asarray(np.log(np.maximum(probabilities, _LEAST_PROBABILITY)))
