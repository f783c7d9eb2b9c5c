"""`--preprocess auto`: finding how a model's input was scaled in training."""

from .resolve import Resolved, resolve_preprocess
from .trial import Evaluate, Verdicts, evaluator, keras_predictor, tflite_predictor

__all__ = [
    "Evaluate",
    "Resolved",
    "Verdicts",
    "evaluator",
    "keras_predictor",
    "resolve_preprocess",
    "tflite_predictor",
]
