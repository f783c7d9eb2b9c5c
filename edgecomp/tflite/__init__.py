"""Reads, measures and edits .tflite files, without TensorFlow."""

from .edit import align_buffers, with_signature
from .model import Operator, Quantization, Signature, Subgraph, Tensor, TfliteModel
from .reader import read_tflite

__all__ = [
    "Operator",
    "Quantization",
    "Signature",
    "Subgraph",
    "Tensor",
    "TfliteModel",
    "align_buffers",
    "read_tflite",
    "with_signature",
]
