"""How far a file's answers are from the float file's, where errors show best: before answers are squashed.

What a softmax gives hides errors where answers are sure, and shows them many times over where they are not: then a few
samples out of many decide. What it is given changes by little and little.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...tflite import Subgraph, read_tflite, with_outputs, with_signature
from ..mend.operator_run import Feeds, reduced_values
from ..mend.weighted import real

SQUASHING = ("SOFTMAX", "LOGISTIC", "LOG_SOFTMAX")
_RECODING = ("QUANTIZE", "DEQUANTIZE")


class Answers:
    """What a float file answers to samples.

    Args:
        file: the float .tflite.
        samples: by the signature's input names.
        threads: of each interpreter.
    """

    def __init__(self, file: bytes, samples: Sequence[Feeds], *, threads: int) -> None:
        self._samples, self._threads = samples, threads
        self._shown = _showing_answers(file)
        self._exact = self._run(self._shown)

    def error(self, file: bytes) -> float:
        """Energy of a file's error over that of what varies from sample to sample, averaged over the outputs."""
        return self._error(_showing_answers(file))

    def error_with(self, tensor: int, values: np.ndarray) -> float:
        """The error of the float file with other values in a constant.

        Args:
            tensor: its index.
            values: of its shape and dtype.
        """
        buffer = read_tflite(self._shown).main.tensors[tensor].buffer
        start = _address(buffer) - _address(self._shown)
        changed = bytearray(self._shown)
        changed[start : start + len(buffer)] = np.ascontiguousarray(values).tobytes()
        return self._error(bytes(changed))

    def _error(self, shown: bytes) -> float:
        return float(np.mean([_error(one, other) for one, other in zip(self._exact, self._run(shown), strict=True)]))

    def _run(self, shown: bytes) -> list[np.ndarray]:
        """Of each output, float64 [samples, elements]."""
        graph = read_tflite(shown).main
        tensors = graph.tensors_of(graph.outputs)
        kept = reduced_values(shown, [(one.index, np.copy) for one in tensors], self._samples, threads=self._threads)
        return [
            np.stack([real(tensor, value).reshape(-1) for value in values]).astype(np.float64)
            for tensor, values in zip(tensors, kept, strict=True)
        ]


def _showing_answers(file: bytes) -> bytes:
    """A file whose outputs are what its own are made of."""
    network = read_tflite(file)
    graph, signature = network.main, network.signature
    answers = list(dict.fromkeys(_unsquashed(graph, index) for index in graph.outputs))
    if signature is None or answers == list(graph.outputs):
        return file
    names = {index: name for name, index in signature.inputs}
    shown = with_outputs(file, answers)
    return with_signature(shown, [names[index] for index in graph.inputs], [f"answer_{index}" for index in answers])


def _address(data: bytes | memoryview) -> int:
    return int(np.frombuffer(data, np.uint8).__array_interface__["data"][0])


def answers_error(reference: bytes, file: bytes, *, threads: int, samples: Sequence[Feeds]) -> float:
    """The error of one file's answers; see `Answers`. Runs in a worker process."""
    return Answers(reference, samples, threads=threads).error(file)


def _unsquashed(graph: Subgraph, index: int) -> int:
    """The tensor that an output is made of."""
    for operator in reversed(graph.operators):
        if index not in operator.outputs:
            continue
        if operator.name in _RECODING:
            return _unsquashed(graph, operator.inputs[0])
        return operator.inputs[0] if operator.name in SQUASHING else index
    return index


def _error(exact: np.ndarray, got: np.ndarray) -> float:
    signal = float(np.square(exact - exact.mean(axis=0)).sum())
    return float(np.square(got - exact).sum()) / max(signal, 1e-30)
