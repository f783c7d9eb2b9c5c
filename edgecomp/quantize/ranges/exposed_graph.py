"""An interpreter whose computed tensors can be read after a run."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import InputError
from ...tflite import Tensor, TfliteModel, read_tflite, with_outputs


class ExposedGraph:
    """A float .tflite that shows every float32 tensor that its main graph is fed or computes.

    The tensors are made outputs, so that XNNPACK runs as ever; where such a file does not load, the interpreter is told
    to keep all tensors, which is slower.

    Args:
        model: a float .tflite with a signature.
        threads: threads of the interpreter.

    Raises:
        InputError: two tensors have the same name.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        read = read_tflite(model)
        computed = _computed(read)
        self.tensors = [tensor for tensor in read.inputs if _shown(tensor)] + computed
        _check_names(self.tensors)
        self._interpreter = _interpreter(model, [tensor.index for tensor in computed], threads)
        self._inputs = _named_inputs(read)
        self._stateful = any(tensor.is_variable for graph in read.subgraphs for tensor in graph.tensors)

    def run(self, feeds: Mapping[str, np.ndarray]) -> None:
        """Runs one sample, given by the signature's input names."""
        for name, tensor in self._inputs.items():
            self._interpreter.set_tensor(tensor.index, np.asarray(feeds[name], tensor.dtype))
        if self._stateful:
            self._interpreter.reset_all_variables()
        self._interpreter.invoke()

    def values(self, tensor: Tensor) -> np.ndarray:
        """A view of what the last run left, which must be gone by the next; empty where nothing was kept."""
        try:
            return np.asarray(self._interpreter.tensor(tensor.index)())
        except ValueError:
            return np.zeros(0, np.float32)


def _interpreter(model: bytes, computed: list[int], threads: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=with_outputs(model, computed), num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "intended for debugging purposes only": this is that purpose
            interpreter = Interpreter(model_content=model, num_threads=threads, experimental_preserve_all_tensors=True)
        interpreter.allocate_tensors()
    return interpreter


def _computed(model: TfliteModel) -> list[Tensor]:
    indices = dict.fromkeys(index for operator in model.main.operators for index in operator.outputs if index >= 0)
    return [tensor for tensor in (model.main.tensors[index] for index in indices) if _shown(tensor)]


def _shown(tensor: Tensor) -> bool:
    return tensor.dtype == "float32" and not tensor.is_constant


def _named_inputs(model: TfliteModel) -> dict[str, Tensor]:
    named = model.signature.inputs if model.signature else [(tensor.name, tensor.index) for tensor in model.inputs]
    return {name: model.main.tensors[index] for name, index in named}


def _check_names(tensors: list[Tensor]) -> None:
    names: set[str] = set()
    for tensor in tensors:
        if tensor.name in names:
            raise InputError(f"two tensors of the .tflite are named {tensor.name!r}; give each a name of its own")
        names.add(tensor.name)
