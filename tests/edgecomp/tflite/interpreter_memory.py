"""Prints how many bytes LiteRT's interpreter takes for each .tflite without a delegate, one line for each FILE given.

The addresses that the interpreter gives out tell, those of the kernels' scratch tensors among them, which follow the
file's. Scratch tensors that a kernel never shaped have no address; asking for one ends the process, so that each is
asked for in a copy of it first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from edgecomp.tflite import Subgraph, read_tflite

ALIGNMENT = 64


def is_shaped(interpreter: Any, index: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            interpreter.tensor(index)()
        except ValueError:  # without a type or without memory
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def placed_in_arena(graph: Subgraph) -> set[int]:
    """The graph's tensors but for state and for constants that are unpacked once, which have a place of their own."""
    placed = set(graph.inputs)
    for operator in graph.operators:
        if not all(tensor.is_constant for tensor in graph.tensors_of(operator.inputs)):
            placed |= set(operator.outputs)
    return {index for index in placed if not graph.tensors[index].is_variable}


def taken(data: bytes) -> int:
    """Bytes of the arena, and of what kernels keep outside it."""
    interpreter = Interpreter(
        model_content=data,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    graph = read_tflite(data).main
    start_of_file = np.frombuffer(data, np.uint8).ctypes.data
    spans = {}
    for index in range(interpreter._interpreter.NumTensors(0)):
        if index < len(graph.tensors) or is_shaped(interpreter, index):
            try:
                array = interpreter.tensor(index)()
            except ValueError:
                continue
            if not isinstance(array, np.ndarray):  # a scalar comes as a copy
                continue
            start = array.ctypes.data
            if array.nbytes and not start_of_file <= start < start_of_file + len(data):
                spans[index] = (start, start + array.nbytes)
    arena = [spans.pop(index) for index in sorted(placed_in_arena(graph)) if index in spans]
    low, high = min(start for start, _ in arena), max(end for _, end in arena)
    elsewhere = 0
    for start, end in sorted(spans.values()):
        if low <= start < high + ALIGNMENT:  # whatever is placed in the arena touches something in it
            high = max(high, end)
        else:
            elsewhere += end - start
    return high - low + elsewhere


if __name__ == "__main__":
    for file in sys.argv[1:]:
        print(taken(Path(file).read_bytes()), flush=True)
