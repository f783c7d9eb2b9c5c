"""Trying preprocessings on labelled samples: which one does the model answer right with?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from edgecomp_runtime.preprocess import Preprocess, build_contract, prepare

from ...models.opened import TensorSpec
from ..dataset import Sample

LOOKS = ((50, 0.001), (200, 0.002), (600, 0.005))
"""How many samples to look at, and the significance asked of a difference in right answers. Most mistakes in scaling
show in the first look; the levels add up to less than 1%, since there are up to three of them."""


@dataclass(frozen=True)
class Verdicts:
    """How a model answers the samples under one preprocessing.

    Args:
        correct: bool, shape [n]: whether the answer is the label.
        answers: int64, shape [n]: the class it gives; None where only `correct` is known.
        classes: how many classes there are to guess from.
    """

    correct: np.ndarray
    answers: np.ndarray | None = None
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
    if scores.shape[1] == 1:
        probabilities = bool(np.all((scores >= 0) & (scores <= 1)))
        answers = (scores[:, 0] > (0.5 if probabilities else 0.0)).astype(np.int64)
        return Verdicts(answers == labels, answers, 2)
    answers = np.argmax(scores, axis=1).astype(np.int64)
    return Verdicts(answers == labels, answers, scores.shape[1])


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


@dataclass(frozen=True)
class Trial:
    """What trying the candidates gave.

    Args:
        verdicts: of each candidate.
        winner: the one that is clearly best, or None.
        tied: the candidates that may be best, where labels alone do not decide; empty where none beats guessing.
        why: a clause for the user.
    """

    verdicts: Mapping[Preprocess, Verdicts]
    winner: Preprocess | None
    tied: tuple[Preprocess, ...]
    why: str

    def figures(self) -> dict[str, dict[str, float | int]]:
        """Right answers and samples of each candidate, ready for JSON."""
        return {
            str(one): {"correct": int(verdicts.correct.sum()), "samples": len(verdicts.correct)}
            for one, verdicts in self.verdicts.items()
        }


def choose_by_trial(
    candidates: Sequence[Preprocess], evaluate: Evaluate, draw: Callable[[int], Sequence[Sample]]
) -> Trial | None:
    """Tries candidates on more and more labelled samples until one is clearly best.

    Args:
        candidates: the preprocessings in question.
        evaluate: runs the model.
        draw: gives at most that many samples labelled with class indices, evenly spread.

    Returns:
        What the last look gave, with the figures of candidates that earlier ones ruled out; None without samples.
    """
    ruled_out: dict[Preprocess, Verdicts] = {}
    trial: Trial | None = None
    for count, level in LOOKS:
        samples = draw(count)
        if not samples:
            return None
        verdicts = {one: _as_verdicts(evaluate(one, samples), len(samples)) for one in candidates}
        trial = decide(verdicts, np.array([one.label for one in samples], np.int64), level)
        trial = replace(trial, verdicts={**ruled_out, **verdicts})
        if trial.winner or len(samples) < count:
            break
        if trial.tied:
            ruled_out.update((one, verdict) for one, verdict in verdicts.items() if one not in trial.tied)
            candidates = trial.tied
    return trial


def decide(verdicts: Mapping[Preprocess, Verdicts], labels: np.ndarray, level: float) -> Trial:
    """Chooses the candidate with the most right answers, if that is clear.

    Args:
        verdicts: of each candidate, on the same samples.
        labels: int64, shape [n].
        level: significance asked of every comparison.
    """
    right = {one: int(verdict.correct.sum()) for one, verdict in verdicts.items()}
    best = max(verdicts, key=lambda one: right[one])
    count, told = len(labels), ", ".join(f"{one.name} {right[one]}" for one in verdicts)
    classes = verdicts[best].classes
    often = float(np.max(np.unique(labels, return_counts=True)[1])) / count
    if above_chance(right[best], count, max(often, 1 / max(classes, 2))) > level:
        return Trial(
            verdicts, None, (), f"of {count} labelled samples no candidate gets more right than guessing ({told})"
        )
    tied = tuple(one for one in verdicts if one == best or better(verdicts[best], verdicts[one]) > level)
    if len(tied) == 1:
        return Trial(
            verdicts, best, tied, f"of {count} labelled samples the model gets clearly most right with it ({told})"
        )
    if _same_answers([verdicts[one] for one in tied]):
        why = f"the model gives the same {count} answers with {' and '.join(one.name for one in tied)}"
        return Trial(verdicts, best, tied, why)
    names = " and ".join(one.name for one in tied)
    return Trial(verdicts, None, tied, f"{count} labelled samples do not tell {names} apart ({told} right)")


def _same_answers(verdicts: Sequence[Verdicts]) -> bool:
    first = verdicts[0].answers
    return first is not None and all(one.answers is not None and np.array_equal(one.answers, first) for one in verdicts)


def _as_verdicts(value: np.ndarray | Verdicts, count: int) -> Verdicts:
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
    tail = sum(math.comb(pairs, k) for k in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**pairs))


def above_chance(right: int, count: int, chance: float) -> float:
    """Probability of so many right answers or more by guessing.

    Args:
        right: right answers.
        count: all answers.
        chance: of guessing one right.
    """
    return float(sum(math.comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(right, count + 1)))


def better(one: Verdicts, other: Verdicts) -> float:
    """Significance of the difference in right answers between two preprocessings on the same samples."""
    return sign_test(int(np.sum(one.correct & ~other.correct)), int(np.sum(other.correct & ~one.correct)))
