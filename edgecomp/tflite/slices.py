"""Cutting single operators out of a network, each as a .tflite that runs by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from ..errors import InputError
from .edit import constant_buffer
from .model import Operator, Subgraph
from .packing import AlignedBuffer, pack, schema, unpack
from .reader import read_tflite

# What an operator leaves behind outside its outputs cannot be handed on from one file to another.
_STATEFUL_DTYPES = frozenset({"resource", "variant"})


class OperatorSlices:
    """A .tflite from which operators of the main graph are cut out.

    Operators that work on constants alone, such as the DEQUANTIZE of stored weights, come along with those that use
    their results, since kernels treat constants in ways of their own.

    Args:
        data: the file; it is unpacked once.

    Raises:
        InputError: the file is not a .tflite.
    """

    def __init__(self, data: bytes) -> None:
        self.network = read_tflite(data)
        self.graph = self.network.main
        self._model = unpack(data)
        self._on_constants = _on_constants(self.graph)
        self.operators = tuple(one for one in self.graph.operators if one.index not in self._on_constants.values())
        self._computed = {*self.graph.inputs, *(index for one in self.operators for index in one.outputs)}

    def inputs(self, operator: int) -> tuple[int, ...]:
        """The inputs of an operator that depend on the network's: tensor indices in its order, none of them twice."""
        wanted = self.graph.operators[operator].inputs
        return tuple(dict.fromkeys(index for index in wanted if index in self._computed))

    def file(self, operator: int, constants: Mapping[int, np.ndarray] | None = None) -> bytes:
        """One operator as a network.

        Args:
            operator: its index in the main graph, one of `operators`.
            constants: values to put in place of constants of the operator, by tensor index of the main graph; as
                `with_constants` takes them.

        Returns:
            a .tflite. Its inputs are `inputs(operator)`, its outputs those of the operator; shapes, dtypes,
            quantization, names and options are those of the network.

        Raises:
            InputError: the operator shares a state with others, as variables do.
        """
        wanted = self.graph.operators[operator]
        needed = [self.graph.operators[index] for index in (*self._feeding(wanted), operator)]
        indices = dict.fromkeys(index for one in needed for index in (*one.inputs, *one.outputs))
        tensors = [index for index in indices if index >= 0]
        for tensor in self.graph.tensors_of(tuple(tensors)):
            if tensor.dtype in _STATEFUL_DTYPES:
                raise InputError(
                    f"the operator {wanted.name} (number {operator}) works on the variable {tensor.name}, so that it "
                    "cannot run by itself"
                )
        place = {index: number for number, index in enumerate(tensors)} | {-1: -1}
        graph = schema().SubGraphT()
        graph.tensors = [self._model.subgraphs[0].tensors[index] for index in tensors]
        graph.inputs = _renumbered(self.inputs(operator), place)
        graph.outputs = _renumbered(wanted.outputs, place)
        graph.operators = [_moved(self._model.subgraphs[0].operators[one.index], place) for one in needed]
        graphs = [graph, *(self._model.subgraphs[1:] if wanted.subgraphs else ())]
        given = {
            place[index]: constant_buffer(self.graph.tensors[index], array)
            for index, array in (constants or {}).items()
        }
        return pack(self._with_graphs(graphs, given))

    def _feeding(self, operator: Operator) -> list[int]:
        """The operators on constants that an operator needs, in the order in which they run."""
        found: set[int] = set()
        pending = [operator]
        while pending:
            sources = {self._on_constants[index] for index in pending.pop().inputs if index in self._on_constants}
            pending += [self.graph.operators[index] for index in sources - found]
            found |= sources
        return sorted(found)

    def _with_graphs(self, graphs: list[Any], given: Mapping[int, AlignedBuffer]) -> Any:
        """A model of these graphs with only the buffers they need.

        Args:
            graphs: whose tensors name buffers of the whole model.
            given: buffers for tensors of the first graph, in place of their own.
        """
        model = schema().ModelT()
        model.version = self._model.version
        model.operatorCodes = self._model.operatorCodes
        model.buffers = [AlignedBuffer(None)]  # number 0 is empty by the format's rule
        numbers = {0: 0}
        model.subgraphs = [copy(graph) for graph in graphs]
        for position, graph in enumerate(model.subgraphs):
            graph.tensors = [copy(tensor) for tensor in graph.tensors]
            for index, tensor in enumerate(graph.tensors):
                if position == 0 and index in given:
                    model.buffers.append(given[index])
                    tensor.buffer = len(model.buffers) - 1
                    continue
                if tensor.buffer not in numbers:
                    model.buffers.append(self._model.buffers[tensor.buffer])
                    numbers[tensor.buffer] = len(model.buffers) - 1
                tensor.buffer = numbers[tensor.buffer]
        return model


def _moved(operator: Any, place: Mapping[int, int]) -> Any:
    moved = copy(operator)
    moved.inputs = _renumbered(() if operator.inputs is None else operator.inputs, place)
    moved.outputs = _renumbered(() if operator.outputs is None else operator.outputs, place)
    moved.intermediates = None  # tensors that only a converter's calibration fills
    moved.debugMetadataIndex = -1
    return moved


def _renumbered(indices: Sequence[int], place: Mapping[int, int]) -> np.ndarray:
    return np.array([place[int(index)] for index in indices], np.int32)


def _on_constants(graph: Subgraph) -> dict[int, int]:
    """The tensors that depend on constants alone, each with the index of the operator that computes it."""
    depends = set(graph.inputs) | {tensor.index for tensor in graph.tensors if tensor.is_variable}
    found: dict[int, int] = {}
    for operator in graph.operators:
        if depends & set(operator.inputs):
            depends |= set(operator.outputs)
        else:
            found |= dict.fromkeys(operator.outputs, operator.index)
    return found
