"""The first operators of a network as a network of their own: what one operator adds is the difference of two."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np

from ..tflite.packing import AlignedBuffer, pack, unpack


def prefixes(file: bytes) -> Iterator[bytes]:
    """The network cut off behind each of its operators but the last.

    Each gives out what the operators behind the cut would have read, so that nothing in it is computed in vain, and
    holds the weights that it needs and no others.

    Args:
        file: a .tflite.

    Yields:
        a file for one operator of the main graph, for two, and so on.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked.
    """
    whole = unpack(file)
    whole.signatureDefs = []  # they name outputs that prefixes do not have
    whole.metadata = whole.metadataBuffer = None
    for count in range(1, len(whole.subgraphs[0].operators or ())):
        yield pack(_prefix(whole, count))


def _prefix(whole: Any, count: int) -> Any:
    model, graph = copy(whole), copy(whole.subgraphs[0])
    graph.operators = graph.operators[:count]
    graph.outputs = np.array(_needed_behind(whole.subgraphs[0], count), np.int32)
    model.subgraphs = [graph, *whole.subgraphs[1:]]
    used = {graph.tensors[index].buffer for operator in graph.operators for index in _inputs(operator) if index >= 0}
    used |= {tensor.buffer for other in whole.subgraphs[1:] for tensor in other.tensors}
    model.buffers = [one if place in used else AlignedBuffer(None) for place, one in enumerate(whole.buffers)]
    return model


def _needed_behind(graph: Any, count: int) -> list[int]:
    """Tensors that the first operators compute and later ones, or the caller, read."""
    computed = [int(index) for operator in graph.operators[:count] for index in operator.outputs]
    read = {int(index) for operator in graph.operators[count:] for index in _inputs(operator)}
    read |= {int(index) for index in graph.outputs}
    # Where nobody reads what they compute, the last one's result stands for it.
    return [index for index in computed if index in read] or computed[-1:]


def _inputs(operator: Any) -> Any:
    return () if operator.inputs is None else operator.inputs
