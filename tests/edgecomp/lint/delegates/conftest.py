"""What XNNPACK makes of a file: as predicted, and as LiteRT does it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ai_edge_litert.interpreter import Interpreter

from edgecomp.lint.delegates.partitions import Partition
from edgecomp.lint.delegates.placement import xnnpack_partitions
from edgecomp.tflite import Subgraph, read_tflite

Parts = Callable[[bytes], list[frozenset[int]]]


@pytest.fixture
def predicted() -> Parts:
    """For each part that is predicted to run on the delegate, the tensors that leave it."""
    return _predicted


@pytest.fixture
def delegated() -> Parts:
    """For each part that LiteRT gives to the delegate, the tensors that leave it."""
    return _delegated


def _delegated(file: bytes) -> list[frozenset[int]]:
    interpreter = Interpreter(model_content=file, num_threads=1)
    interpreter.allocate_tensors()
    found = [one for one in interpreter._get_ops_details() if one["op_name"] == "DELEGATE"]
    return sorted((frozenset(map(int, one["outputs"])) for one in found), key=min)


def _predicted(file: bytes) -> list[frozenset[int]]:
    graph = read_tflite(file).main
    return sorted((_leaving(graph, part) for part in xnnpack_partitions(read_tflite(file)) if part.delegated), key=min)


def _leaving(graph: Subgraph, part: Partition) -> frozenset[int]:
    computed = {tensor for index in part.operators for tensor in graph.operators[index].outputs}
    outside = [one for one in graph.operators if one.index not in part.operators]
    return frozenset(computed & {*graph.outputs, *(tensor for one in outside for tensor in one.inputs)})
