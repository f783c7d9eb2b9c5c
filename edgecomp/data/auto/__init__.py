"""`--preprocess auto`: finding how a model's input was scaled in training."""

from .answers import Evaluate, Verdicts, evaluator, keras_predictor, tflite_predictor
from .resolve import Resolved, resolve_preprocess

__all__ = [
    "Evaluate",
    "Resolved",
    "Verdicts",
    "evaluator",
    "keras_predictor",
    "resolve_preprocess",
    "tflite_predictor",
]
