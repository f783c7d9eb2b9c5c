"""Running a network one operator at a time over a handful of samples, so that an operator can be changed and run again
before those behind it see its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from edgecomp_runtime.tensors import Tensor as Encoder

from ...errors import EdgecompError
from ...tflite import Subgraph, Tensor, TfliteModel, read_tflite, with_outputs
from ...tflite.slices import OperatorSlices

Feeds = dict[str, np.ndarray]
"""One sample in the model's own units: float32 arrays of the inputs' shapes, by input name."""

Values = list[np.ndarray]
"""A tensor's values as stored, an array for each sample."""

Constants = Mapping[int, np.ndarray]
"""Values in place of those in the file, by tensor index."""


class NetworkRun:
    """A network on its way from its inputs to its outputs, all samples abreast.

    Only the values that an operator still ahead needs are kept. The results are those of the whole network in one
    interpreter, bit for bit where they are integers.

    Args:
        file: a .tflite with a signature.
        samples: by the signature's input names.
        threads: threads of each interpreter.
    """

    def __init__(self, file: bytes, samples: Sequence[Feeds], *, threads: int) -> None:
        self._slices = OperatorSlices(file)
        self._threads = threads
        self._samples = len(samples)
        self.graph = self._slices.graph
        self.operators = self._slices.operators
        self._last_use = _last_uses(self.graph)
        names = _input_names(self._slices.network)
        self._values: dict[int, Values] = {
            tensor.index: [encode(tensor, feeds[names[tensor.index]]) for feeds in samples]
            for tensor in self.graph.tensors_of(self.graph.inputs)
        }

    def values(self, tensor: int) -> Values:
        """What a tensor holds that has been computed and is still needed."""
        return self._values[tensor]

    def run(self, operator: int, constants: Constants | None = None) -> list[Values]:
        """The outputs of an operator whose inputs are there; changes nothing.

        Args:
            operator: its index.
            constants: values in place of the operator's own, by tensor index.

        Returns:
            the values of each output.

        Raises:
            InputError: the operator cannot run by itself.
            EdgecompError: the interpreter refuses it.
        """
        file = self._slices.file(operator, constants)
        inputs = [self._values[index] for index in self._slices.inputs(operator)]
        return _run(file, inputs, self._samples, self._threads)

    def advance(self, operator: int, outputs: list[Values]) -> None:
        """Goes past an operator: keeps its outputs, forgets what nothing needs any more."""
        used = self.graph.operators[operator]
        self._values.update(zip(used.outputs, outputs, strict=True))
        for index in {*used.inputs, *used.outputs}:
            if self._last_use.get(index, -1) <= operator:
                self._values.pop(index, None)


def reduced_values(
    file: bytes,
    reductions: Sequence[tuple[int, Callable[[np.ndarray], Any]]],
    samples: Sequence[Feeds],
    *,
    threads: int,
) -> list[list[Any]]:
    """What remains of tensors' values when a network runs on samples, one at a time.

    Args:
        file: a .tflite with a signature.
        reductions: tensor indices, each with what to make of its value while it is there; the array given to it is
            only valid during the call.
        samples: by the signature's input names.
        threads: threads of the interpreter.

    Returns:
        for each reduction its results, one per sample.
    """
    from ai_edge_litert.interpreter import Interpreter

    network = read_tflite(file)
    graph, names = network.main, _input_names(network)
    computed = {index for operator in graph.operators for index in operator.outputs}
    shown = [index for index in dict.fromkeys(index for index, _ in reductions) if index in computed]
    wanted = tuple(shown) or graph.outputs
    content = file if wanted == graph.outputs else with_outputs(file, wanted)  # which takes long for large networks
    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    feeders = list(zip(interpreter.get_input_details(), graph.tensors_of(graph.inputs), strict=True))
    places = {
        index: detail["index"] for index, detail in zip(shown, interpreter.get_output_details(), strict=False)
    } | {tensor.index: detail["index"] for detail, tensor in feeders}
    results: list[list[Any]] = [[] for _ in reductions]
    for feeds in samples:
        for detail, tensor in feeders:
            interpreter.set_tensor(detail["index"], encode(tensor, feeds[names[tensor.index]]))
        interpreter.invoke()
        for kept, (index, reduce) in zip(results, reductions, strict=True):
            kept.append(reduce(interpreter.tensor(places[index])()))
    return results


def encode(tensor: Tensor, values: np.ndarray) -> np.ndarray:
    """Values -> what an input tensor stores, as the device does it."""
    quantization = tensor.quantization
    scale, zero_point = (quantization.scale[0], quantization.zero_point[0]) if quantization else (0.0, 0)
    return Encoder(tensor.name, tensor.shape, "float32", tensor.dtype, scale, zero_point, tensor.index).encode(values)


def _input_names(model: TfliteModel) -> dict[int, str]:
    """The name that samples use for each input, by tensor index."""
    if model.signature is None:
        raise EdgecompError("the .tflite has no signature, so that its inputs have no names to feed samples by")
    return {index: name for name, index in model.signature.inputs}


def _last_uses(graph: Subgraph) -> dict[int, int]:
    """The last operator that reads a tensor, by tensor index."""
    return {index: operator.index for operator in graph.operators for index in operator.inputs}


def _run(file: bytes, inputs: Sequence[Values], samples: int, threads: int) -> list[Values]:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=file, num_threads=threads)
        places = [detail["index"] for detail in interpreter.get_input_details()]
        for place, detail, values in zip(places, interpreter.get_input_details(), inputs, strict=True):
            if values and values[0].shape != tuple(detail["shape"]):  # a size that only the samples tell
                interpreter.resize_tensor_input(place, values[0].shape)
        interpreter.allocate_tensors()
        shown = [detail["index"] for detail in interpreter.get_output_details()]
        results: list[Values] = [[] for _ in shown]
        for sample in range(samples):
            for place, values in zip(places, inputs, strict=True):
                interpreter.set_tensor(place, values[sample])
            interpreter.invoke()
            for kept, place in zip(results, shown, strict=True):
                kept.append(interpreter.get_tensor(place))
    except (ValueError, RuntimeError) as error:
        raise EdgecompError(f"the interpreter does not run an operator by itself: {error}") from error
    return results
