"""Networks cut off behind their first operators."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.engines import load_interpreter
from edgecomp_runtime.errors import InputError
from edgecomp_runtime.measure.inputs import some_input
from edgecomp_runtime.measure.prefixes import Operator, cut, needed_behind, read_operators
from edgecomp_runtime.tensors import read_tensors
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ("photo_int8", "photo_float", "gray_int8", "table", "two", "ids")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("delegate", [False, True])
def test_each_cut_computes_what_the_whole_network_computes_there(models: Path, name: str, delegate: bool) -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    model = (models / f"{name}.tflite").read_bytes()
    whole = Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    whole.allocate_tensors()
    inputs, _ = read_tensors(whole)
    for place, tensor in enumerate(inputs):
        whole.set_tensor(tensor.index, some_input(tensor, place))
    whole.invoke()
    operators = read_operators(whole)
    results = [one["index"] for one in whole.get_output_details()]

    for count in range(1, len(operators) + 1):
        outputs = needed_behind(operators, count, results)
        part, _ = load_interpreter(cut(model, count, outputs), delegate=delegate)
        for place, tensor in enumerate(inputs):
            part.set_tensor(tensor.index, some_input(tensor, place))
        part.invoke()

        assert [one["index"] for one in part.get_output_details()] == list(outputs)
        assert len([one for one in part._get_ops_details() if one["op_name"] != "DELEGATE"]) == count
        for index in outputs:
            steps = 1 if np.issubdtype(part.get_tensor(index).dtype, np.integer) else 0
            np.testing.assert_allclose(part.get_tensor(index), whole.get_tensor(index), rtol=1e-4, atol=1e-5 + steps)


def test_a_network_of_no_operators_runs(models: Path) -> None:
    model = (models / "photo_int8.tflite").read_bytes()
    plain, _ = load_interpreter(model, delegate=False)
    index = plain.get_input_details()[0]["index"]

    nothing, info = load_interpreter(cut(model, 0, [index]))
    nothing.invoke()

    assert read_operators(nothing) == ()
    assert info.partitions == 0


def test_the_file_itself_is_left_as_it_was(models: Path) -> None:
    model = (models / "table.tflite").read_bytes()
    kept = bytes(bytearray(model))

    cut(model, 0, [0])

    assert model == kept


def operator(index: int, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Operator:
    return Operator(index, "ANY", inputs, outputs, "")


def test_what_a_later_operator_or_the_caller_reads_is_given_out_and_nothing_else() -> None:
    graph = [operator(0, (0,), (1, 2)), operator(1, (1,), (3,)), operator(2, (3, 2), (4,))]

    assert needed_behind(graph, 1, [4]) == (1, 2)
    assert needed_behind(graph, 2, [4]) == (2, 3)
    assert needed_behind(graph, 2, [4, 1]) == (1, 2, 3)
    assert needed_behind(graph, 3, [4]) == (4,)


def test_a_result_that_nobody_reads_stands_for_the_cut() -> None:
    assert needed_behind([operator(0, (0,), (1,)), operator(1, (0,), (2,))], 1, [2]) == (1,)


@pytest.mark.parametrize("count", [-1, 99])
def test_more_operators_than_there_are_is_refused(models: Path, count: int) -> None:
    with pytest.raises(InputError, match="operators"):
        cut((models / "table.tflite").read_bytes(), count, [0])


@settings(max_examples=200)
@given(data=st.data())
def test_damaged_files_are_cut_or_refused_and_nothing_else(models: Path, data: st.DataObject) -> None:
    model = bytearray((models / "table.tflite").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        model[data.draw(st.integers(0, len(model) - 1))] = data.draw(st.integers(0, 255))
    del model[data.draw(st.integers(1, len(model))) :]
    with contextlib.suppress(InputError):
        cut(bytes(model), 0, [0])
