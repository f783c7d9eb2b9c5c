"""Small .tflite files with given constants, built without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecomp.tflite.packing import AlignedBuffer, pack, schema


@dataclass(frozen=True)
class Stored:
    """A constant: its values as stored (int4 packed), its dtype in the schema, and scales along its first axis."""

    values: np.ndarray
    dtype: str
    shape: tuple[int, ...]
    scales: tuple[float, ...] = ()
    name: str = "weights"


def tflite(*constants: Stored, description: bytes = b"synthetic") -> bytes:
    """A file that has these constants and no operator."""
    tables = schema()
    model = tables.ModelT()
    model.version, model.description = 3, description
    model.buffers = [AlignedBuffer(None), *(AlignedBuffer(one.values.tobytes()) for one in constants)]
    graph = tables.SubGraphT()
    graph.tensors = [_tensor(tables, index, one) for index, one in enumerate(constants)]
    graph.inputs, graph.outputs, graph.operators = [], [], []
    model.subgraphs, model.operatorCodes = [graph], []
    return pack(model)


def _tensor(tables: Any, index: int, stored: Stored) -> Any:
    tensor = tables.TensorT()
    tensor.name, tensor.shape, tensor.buffer = stored.name, list(stored.shape), index + 1
    tensor.type = getattr(tables.TensorType, stored.dtype)
    if stored.scales:
        tensor.quantization = tables.QuantizationParametersT()
        tensor.quantization.scale = np.array(stored.scales, np.float32)
        tensor.quantization.zeroPoint = np.zeros(len(stored.scales), np.int64)
    return tensor


def int8_weights(seed: int, channels: int, inner: int, *, keep: float = 1.0, name: str = "weights") -> Stored:
    """Weights like those of a trained layer: bell-shaped, each channel as wide as int8 allows, some of them zero."""
    rng = np.random.default_rng(seed)
    real = rng.normal(0, 1, (channels, inner)) * (rng.random((channels, inner)) < keep)
    scales = np.maximum(np.abs(real).max(axis=1), 1e-3).astype(np.float32) / 127
    values = np.rint(real / scales[:, None]).astype(np.int8)
    return Stored(values, "INT8", (channels, inner), tuple(map(float, scales)), name)
