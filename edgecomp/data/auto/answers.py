"""How a model answers labelled samples under a preprocessing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.preprocess import Preprocess, build_contract, prepare

from ...models.opened import TensorSpec
from ..dataset import Sample

_LEAST_PROBABILITY = 1e-12
_BATCH = 50


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
"""Scores of the samples (float, samples first) from the values of the inputs by name (samples first)."""


def evaluator(inputs: Sequence[TensorSpec], predict: Predict, *, images: bool) -> Evaluate:
    """An `Evaluate` from a function that runs the model.

    Args:
        inputs: the model's inputs.
        predict: runs the model.
        images: whether samples are photos.
    """

    def evaluate(preprocess: Preprocess, samples: Sequence[Sample]) -> Verdicts:
        contract = build_contract(preprocess, inputs, (), images=images)
        scores = []
        for start in range(0, len(samples), _BATCH):
            batch = samples[start : start + _BATCH]
            values = {
                one.name: np.concatenate([prepare(one, sample.inputs[one.name]) for sample in batch])
                for one in contract.inputs
            }
            scores.append(predict(values).reshape(len(batch), -1))
        return judge(np.concatenate(scores), np.array([sample.label for sample in samples], np.int64))

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
    places, result = _places(interpreter, names)

    def one_sample(values: dict[str, np.ndarray], row: int) -> np.ndarray:
        for place, name in zip(places, names, strict=True):
            interpreter.set_tensor(place, values[name][row : row + 1])
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(result)).reshape(-1)

    return lambda values: np.stack([one_sample(values, row) for row in range(len(values[names[0]]))])


def _places(interpreter: Any, names: Sequence[str]) -> tuple[list[int], int]:
    """Indices of the tensors of the inputs of these names, and of the first output."""
    for key, signature in interpreter.get_signature_list().items():
        if set(signature["inputs"]) == set(names):
            runner = interpreter.get_signature_runner(key)
            found, outputs = runner.get_input_details(), runner.get_output_details()
            return [found[name]["index"] for name in names], next(iter(outputs.values()))["index"]
    details = interpreter.get_input_details()
    return [one["index"] for one in details], interpreter.get_output_details()[0]["index"]


def keras_predictor(model: Any, inputs: Sequence[TensorSpec]) -> Predict:
    """Runs a Keras model.

    Args:
        model: a `keras.Model`.
        inputs: its inputs, in its order.
    """
    import keras

    def predict(values: dict[str, np.ndarray]) -> np.ndarray:
        given = [keras.ops.convert_to_tensor(values[one.name]) for one in inputs]
        outputs = model(given if len(given) > 1 else given[0], training=False)
        return np.asarray(keras.tree.flatten(outputs)[0])

    return predict


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
