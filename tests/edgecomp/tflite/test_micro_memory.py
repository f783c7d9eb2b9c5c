"""The predicted arena of TensorFlow Lite Micro: by hand on small graphs, and held against its own interpreter."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.tflite import Operator, Subgraph, Tensor, TfliteModel, read_tflite
from edgecomp.tflite.micro_memory import MICRO_ALIGNMENT, micro_arena
from edgecomp.tflite.micro_scratch import cmsis_nn_scratch, esp_nn_scratch

TOLERANCE = 0.15
# Prints what the interpreter allocates; in a process of its own, since it ends the process on models it does not like.
ALLOCATE = """
import sys
from tflite_micro.python.tflite_micro import runtime
runtime.Interpreter.from_file(sys.argv[1], arena_size=1 << 26).print_allocations()
"""


def chain(sizes: list[int], names: list[str] | None = None) -> TfliteModel:
    """Tensors of the sizes in bytes, each made from the one before."""
    tensors = tuple(Tensor(index, f"t{index}", (1, size), "int8") for index, size in enumerate(sizes))
    names = names or ["RELU"] * (len(sizes) - 1)
    operators = tuple(Operator(index, name, (index,), (index + 1,)) for index, name in enumerate(names))
    return TfliteModel(0, (Subgraph(0, "main", tensors, operators, (0,), (len(sizes) - 1,)),))


def test_the_head_is_the_largest_pair_of_neighbours() -> None:
    assert micro_arena(chain([1000, 5000, 3000, 20])).head == 5008 + 3008


def test_inputs_are_given_up_after_their_last_use() -> None:
    """TFLite keeps them to the end, TFLite Micro does not: the third tensor takes the first one's place."""
    assert micro_arena(chain([4000, 4000, 4000])).head == 8000


def test_planning_itself_needs_memory_where_tensors_are_tiny() -> None:
    assert micro_arena(chain([1] * 50)).head > 50 * 40


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=12))
def test_the_head_holds_what_lives_at_once_and_no_more_than_everything(sizes: list[int]) -> None:
    aligned = [-(-size // MICRO_ALIGNMENT) * MICRO_ALIGNMENT for size in sizes]
    head = micro_arena(chain(sizes)).head
    assert head >= max(one + other for one, other in itertools.pairwise(aligned))
    assert head <= max(sum(aligned), 256 + 24 * len(sizes) + 40 * len(sizes))


def test_state_is_kept_in_the_tail() -> None:
    model = chain([100, 100, 100])
    tensors = (*model.main.tensors[:1], replace(model.main.tensors[1], is_variable=True), model.main.tensors[2])
    kept = replace(model, subgraphs=(replace(model.main, tensors=tensors),))
    assert micro_arena(kept).tail == micro_arena(model).tail + 112


def convolution(name: str, size: int, channels: int, outputs: int, stride: int = 1) -> tuple[Subgraph, Operator]:
    weights = (outputs, size, size, channels) if name == "CONV_2D" else (1, size, size, outputs)
    made = -(-16 // stride)
    tensors = (
        Tensor(0, "x", (1, 16, 16, channels), "int8"),
        Tensor(1, "w", weights, "int8", 1, memoryview(bytes(1))),
        Tensor(2, "y", (1, made, made, outputs), "int8"),
    )
    operator = Operator(0, name, (0, 1), (2,), {"strideH": stride, "strideW": stride})
    return Subgraph(0, "main", tensors, (operator,), (0,), (2,)), operator


def test_scratch_of_cmsis_nn() -> None:
    assert cmsis_nn_scratch(*convolution("CONV_2D", 3, 8, 16)) == 2 * 2 * 9 * 8  # two int16 columns
    assert cmsis_nn_scratch(*convolution("CONV_2D", 1, 8, 16)) == 0
    assert cmsis_nn_scratch(*convolution("DEPTHWISE_CONV_2D", 3, 8, 8)) == 2 * 9 * 8
    graph, operator = convolution("CONV_2D", 3, 8, 16)
    floats = tuple(replace(tensor, dtype="float32") for tensor in graph.tensors)
    assert cmsis_nn_scratch(replace(graph, tensors=floats), operator) == 0


def test_scratch_of_esp_nn_holds_the_padded_input_and_the_weights() -> None:
    assert esp_nn_scratch(*convolution("CONV_2D", 3, 16, 32)) == 18 * 18 * 16 + 9 * 16 + 9 * 16 * 32 + 4 * 32 + 96
    assert esp_nn_scratch(*convolution("CONV_2D", 1, 16, 32)) < 16 * 16 * 16
    assert esp_nn_scratch(*convolution("DEPTHWISE_CONV_2D", 3, 16, 16)) == 18 * 18 * 16 + 9 * 16 + 32


def test_other_operators_need_no_scratch() -> None:
    graph = chain([10, 10]).main
    assert cmsis_nn_scratch(graph, graph.operators[0]) == esp_nn_scratch(graph, graph.operators[0]) == 0


@pytest.mark.skipif(find_spec("tflite_micro") is None, reason="needs the package tflite-micro")
@pytest.mark.parametrize("name", ["conv", "dense", "two inputs", "upsampling"])
def test_the_prediction_is_what_tflite_micro_takes(name: str, network: Callable[[str], Any], tmp_path: Path) -> None:
    file = network(name).file
    (tmp_path / "model.tflite").write_bytes(file)
    command = [sys.executable, "-c", ALLOCATE, tmp_path / "model.tflite"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stderr
    taken = {key: int(value) for key, value in re.findall(r"allocation (total|head|tail) (\d+)", printed)}
    predicted = micro_arena(read_tflite(file), kernels="reference", pointer_bytes=8)
    assert predicted.head >= taken["head"]
    assert taken["total"] <= predicted.nbytes <= taken["total"] * (1 + TOLERANCE) + 1024
