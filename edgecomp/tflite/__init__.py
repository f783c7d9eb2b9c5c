"""Reads, measures and edits .tflite files, without TensorFlow."""

from .cost import is_quantized, operator_macs, operator_weight_bytes, parameter_count, scheme, total_macs, weight_bytes
from .edit import align_buffers, with_activations, with_constants, with_outputs, with_signature
from .layers import layer_of, operator_layers, tensor_layers
from .memory import peak_activation_bytes, peak_arena_bytes
from .model import Operator, Quantization, Signature, Subgraph, Tensor, TfliteModel
from .new_weights import NewWeights, with_weights
from .reader import read_tflite
from .summary import ModelSummary, summarize

__all__ = [
    "ModelSummary",
    "NewWeights",
    "Operator",
    "Quantization",
    "Signature",
    "Subgraph",
    "Tensor",
    "TfliteModel",
    "align_buffers",
    "is_quantized",
    "layer_of",
    "operator_layers",
    "operator_macs",
    "operator_weight_bytes",
    "parameter_count",
    "peak_activation_bytes",
    "peak_arena_bytes",
    "read_tflite",
    "scheme",
    "summarize",
    "tensor_layers",
    "total_macs",
    "weight_bytes",
    "with_activations",
    "with_constants",
    "with_outputs",
    "with_signature",
    "with_weights",
]
