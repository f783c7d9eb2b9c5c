"""Figures held against arithmetic done by hand, the Keras model, and addresses in the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.tflite import Operator, Subgraph, Tensor, read_tflite
from edgecomp.tflite.cost import is_quantized, operator_macs, parameter_count, scheme, total_macs, weight_bytes
from edgecomp.tflite.memory import ARENA_ALIGNMENT, Lifetime, arena_bytes, peak_activation_bytes
from edgecomp.tflite.summary import summarize

# Output positions times what each sums over (for the transposed convolution: input positions times what each is
# spread over).
MACS = {
    "stem": 16 * 16 * 32 * (3 * 3 * 3),
    "left_depthwise": 16 * 16 * 32 * (3 * 3),
    "left_1": 16 * 16 * 32 * 32,
    "up": 16 * 16 * 32 * (2 * 2 * 4),
    "scores": 4 * 5,
}


def graph_of(name: str, inputs: list[tuple[int, ...]], output: tuple[int, ...], **options: bool) -> Subgraph:
    """One operator whose first input and output are computed and whose other inputs are constants."""
    tensors = [
        Tensor(index, f"t{index}", shape, "float32", index, memoryview(b"\x00" * (4 if index else 0)))
        for index, shape in enumerate(inputs)
    ]
    tensors.append(Tensor(len(inputs), "out", output, "float32"))
    operator = Operator(0, name, tuple(range(len(inputs))), (len(inputs),), options)
    return Subgraph(0, "", tuple(tensors), (operator,), (0,), (len(inputs),))


@pytest.mark.parametrize("name", ["float32", "float16", "dynamic", "int8"])
def test_macs_per_layer(files: Any, name: str) -> None:
    summary = summarize(read_tflite(getattr(files, name)), [layer.name for layer in files.keras_model.layers])
    assert {one.layer: one.macs for one in summary.operators if one.macs} == MACS
    assert summary.macs == total_macs(read_tflite(getattr(files, name))) == sum(MACS.values())


@pytest.mark.parametrize(
    ("name", "inputs", "output", "options", "macs"),
    [
        ("CONV_2D", [(1, 8, 8, 4), (6, 3, 3, 2)], (1, 8, 8, 6), {}, 8 * 8 * 6 * 3 * 3 * 2),  # two groups
        ("CONV_3D", [(1, 4, 8, 8, 3), (2, 3, 3, 3, 5)], (1, 4, 8, 8, 5), {}, 4 * 8 * 8 * 5 * 2 * 3 * 3 * 3),
        ("BATCH_MATMUL", [(2, 7, 3), (2, 3, 5)], (2, 7, 5), {"adjX": False}, 2 * 7 * 5 * 3),
        ("BATCH_MATMUL", [(2, 3, 7), (2, 3, 5)], (2, 7, 5), {"adjX": True}, 2 * 7 * 5 * 3),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", [(1, 10, 4), *[(6, 4)] * 4, *[(6, 6)] * 4], (1, 10, 6), {}, 10 * 4 * 6 * 10),
        ("RELU", [(1, 8)], (1, 8), {}, 0),
    ],
)
def test_macs_of_one_operator(
    name: str, inputs: list[tuple[int, ...]], output: tuple[int, ...], options: dict[str, bool], macs: int
) -> None:
    graph = graph_of(name, inputs, output, **options)
    assert operator_macs(graph, graph.operators[0]) == macs


def test_an_operator_without_its_weights_costs_nothing() -> None:
    graph = graph_of("CONV_2D", [(1, 8, 8, 4)], (1, 8, 8, 6))
    assert operator_macs(graph, graph.operators[0]) == 0


@pytest.mark.parametrize("name", ["float32", "float16", "dynamic", "int8"])
def test_schemes_are_told_apart(files: Any, name: str) -> None:
    model = read_tflite(getattr(files, name))
    assert scheme(model) == name
    assert is_quantized(model) == (name != "float32")


def test_parameters_are_those_of_keras_but_for_biases_of_zeros(files: Any) -> None:
    """The converter drops or shares biases that are all zero, as they are before training."""
    biases = sum(layer.bias.shape[0] for layer in files.keras_model.layers if hasattr(layer, "bias"))
    found = parameter_count(read_tflite(files.float32))
    assert files.keras_model.count_params() - biases <= found <= files.keras_model.count_params()


def test_smaller_schemes_store_fewer_bytes(files: Any) -> None:
    sizes = {name: weight_bytes(read_tflite(getattr(files, name))) for name in ("float32", "float16", "int8")}
    assert sizes["float16"] < 0.55 * sizes["float32"]
    assert sizes["int8"] < 0.3 * sizes["float32"]


@pytest.mark.parametrize("name", ["float32", "int8"])
def test_peak_memory_is_the_interpreters(files: Any, name: str) -> None:
    """The reference kernels need no scratch memory, so that the arena holds nothing but tensors."""
    data = getattr(files, name)
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    graph = read_tflite(data).main
    spans = []
    for tensor in graph.tensors_of(tuple({i for one in graph.operators for i in one.inputs + one.outputs})):
        if not tensor.is_constant:
            array = interpreter.tensor(tensor.index)()
            spans.append((array.ctypes.data, array.ctypes.data + array.nbytes))
    taken = max(end for _, end in spans) - min(start for start, _ in spans)
    assert peak_activation_bytes(read_tflite(data)) == -(-taken // ARENA_ALIGNMENT) * ARENA_ALIGNMENT


lifetimes = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 20), st.integers(0, 20)).map(
        lambda one: Lifetime(one[0], min(one[1:]), max(one[1:]))
    ),
    max_size=25,
)


@given(lifetimes)
def test_an_arena_holds_what_lives_at_once_and_no_more_than_all(needs: list[Lifetime]) -> None:
    def aligned(nbytes: int) -> int:
        return -(-nbytes // ARENA_ALIGNMENT) * ARENA_ALIGNMENT

    live = [sum(need.nbytes for need in needs if need.first <= step <= need.last) for step in range(21)]
    assert max(live) <= arena_bytes(tuple(needs)) <= sum(aligned(need.nbytes) for need in needs)


def test_tensors_that_never_meet_share_memory() -> None:
    needs = (Lifetime(640, 0, 1), Lifetime(640, 2, 3), Lifetime(64, 0, 3))
    assert arena_bytes(needs) == 640 + 64


def test_summaries_are_plain_data(files: Any) -> None:
    import json

    data = json.loads(json.dumps(summarize(read_tflite(files.int8)).to_dict()))
    assert data["bytes"] == len(files.int8)
    assert data["inputs"][0]["name"] == "image"
    assert data["inputs"][0]["scale"] == pytest.approx(1 / 255, rel=0.05)
    assert data["operator_counts"]["CONV_2D"] == 2
    assert np.prod(data["operators"][0]["output_shape"]) == 16 * 16 * 32
