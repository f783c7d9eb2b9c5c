"""How much each layer's result suffers from quantization: both files side by side, every tensor kept.

Runs in a worker process.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from edgecomp_runtime.quantization import dequantize
from edgecomp_runtime.tensors import read_tensors

from .metrics import sqnr_db


def layer_errors(
    reference: bytes, compressed: bytes, *, threads: int, stream: Iterable[dict[str, np.ndarray]]
) -> dict[str, float | None]:
    """Signal to quantization noise ratio of every float tensor that both files know by the same name.

    The error counted at a layer is the accumulated one: what arrives there, not what that layer alone adds.

    Args:
        reference: the float .tflite.
        compressed: the quantized .tflite.
        threads: threads of each interpreter.
        stream: samples by input name, float32 or integer arrays of the inputs' shapes.

    Returns:
        dB by tensor name; None where there was no error at all or no signal.
    """
    sides = [_Recorder(reference, threads), _Recorder(compressed, threads)]
    shared = [name for name in sides[0].tensors if name in sides[1].tensors]
    signal = dict.fromkeys(shared, 0.0)
    noise = dict.fromkeys(shared, 0.0)
    for feeds in stream:
        for side in sides:
            side.run(feeds)
        for name in shared:
            exact, got = (side.value(name) for side in sides)
            if exact is None or got is None or exact.shape != got.shape:
                continue
            signal[name] += float(np.sum(np.square(exact, dtype=np.float64)))
            noise[name] += float(np.sum(np.square(exact - got, dtype=np.float64)))
    return {name: sqnr_db(signal[name], noise[name]) for name in shared}


class _Recorder:
    """An interpreter that keeps every tensor's value after a run."""

    def __init__(self, model: bytes, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "intended for debugging purposes only": this is that purpose
            self._interpreter = Interpreter(
                model_content=model, num_threads=threads, experimental_preserve_all_tensors=True
            )
        self._interpreter.allocate_tensors()
        signature = next(iter(self._interpreter._get_full_signature_list().values()))
        inputs, _ = read_tensors(self._interpreter)
        names = {index: name for name, index in signature["inputs"].items()}
        self._inputs = {names[tensor.index]: tensor for tensor in inputs}
        produced = {index for op in self._interpreter._get_ops_details() for index in op["outputs"]}
        self.tensors: dict[str, dict[str, Any]] = {
            detail["name"]: detail for detail in self._interpreter.get_tensor_details() if detail["index"] in produced
        }

    def run(self, feeds: dict[str, np.ndarray]) -> None:
        """Runs one sample."""
        for name, tensor in self._inputs.items():
            self._interpreter.set_tensor(tensor.index, tensor.encode(feeds[name]))
        self._interpreter.invoke()

    def value(self, name: str) -> np.ndarray | None:
        """The tensor's real values after the last run; None where they are not numbers or were not kept."""
        detail = self.tensors[name]
        try:
            stored = self._interpreter.get_tensor(detail["index"])
        except ValueError:
            return None
        if stored.dtype == np.float32:
            return np.asarray(stored)
        scale, zero_point = detail["quantization"]
        if not scale or not np.issubdtype(stored.dtype, np.integer):
            return None
        return dequantize(stored, scale, zero_point)
