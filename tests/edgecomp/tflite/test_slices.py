"""Operators cut out of a network compute by themselves what they compute in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edgecomp.errors import InputError
from edgecomp.tflite import read_tflite, with_outputs
from edgecomp.tflite.slices import OperatorSlices

SCHEMES = ("float32", "float16", "dynamic", "int8")


def run(file: bytes, inputs: list[np.ndarray]) -> list[np.ndarray]:
    interpreter = Interpreter(model_content=file)
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]).copy() for detail in interpreter.get_output_details()]


def every_value(file: bytes) -> dict[int, np.ndarray]:
    """The values of all computed tensors of the main graph for one random sample, by index."""
    graph = read_tflite(file).main
    rng = np.random.default_rng(5)
    inputs = [rng.uniform(-100, 100, one.shape).astype(one.dtype) for one in graph.tensors_of(graph.inputs)]
    computed = [index for operator in graph.operators for index in operator.outputs]
    return dict(zip(graph.inputs, inputs, strict=True)) | dict(
        zip(computed, run(with_outputs(file, computed), inputs), strict=True)
    )


def assert_operators_agree(file: bytes) -> None:
    slices = OperatorSlices(file)
    values = every_value(file)
    for operator in slices.operators:
        inputs = [values[index] for index in slices.inputs(operator.index)]
        for index, got in zip(operator.outputs, run(slices.file(operator.index), inputs), strict=True):
            if got.dtype.kind == "f":
                np.testing.assert_allclose(got, values[index], rtol=1e-4, atol=1e-4 * np.abs(values[index]).max())
            else:
                np.testing.assert_array_equal(got, values[index])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_operator_by_itself_gives_what_it_gives_in_the_network(files: Any, scheme: str) -> None:
    assert_operators_agree(getattr(files, scheme))


def test_what_is_made_of_constants_comes_along(files: Any) -> None:
    slices = OperatorSlices(files.float16)
    assert "DEQUANTIZE" not in {operator.name for operator in slices.operators}
    convolution = next(one for one in slices.operators if one.name == "CONV_2D")
    alone = read_tflite(slices.file(convolution.index)).main
    assert [operator.name for operator in alone.operators] == ["DEQUANTIZE", "DEQUANTIZE", "CONV_2D"]
    assert len(alone.inputs) == 1


def test_loops_take_their_bodies_along(network: Callable[[str], Any]) -> None:
    file = network("recurrent").file
    loops = [one.index for one in read_tflite(file).main.operators if one.subgraphs]
    assert loops
    assert len(read_tflite(OperatorSlices(file).file(loops[0])).subgraphs) > 1
    assert_operators_agree(file)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_about_an_operator_changes(files: Any, scheme: str) -> None:
    slices = OperatorSlices(getattr(files, scheme))
    for operator in slices.operators:
        cut = read_tflite(slices.file(operator.index)).main
        alone = cut.operators[-1]
        assert (alone.name, alone.options) == (operator.name, operator.options)
        for place, whole in zip((*alone.inputs, *alone.outputs), (*operator.inputs, *operator.outputs), strict=True):
            if whole < 0:
                assert place < 0
                continue
            ours, theirs = cut.tensors[place], slices.graph.tensors[whole]
            assert (ours.name, ours.shape, ours.dtype) == (theirs.name, theirs.shape, theirs.dtype)
            assert ours.quantization == theirs.quantization
            assert bytes(ours.buffer) == bytes(theirs.buffer)


def test_a_slice_holds_no_more_than_its_operator_needs(files: Any) -> None:
    slices = OperatorSlices(files.int8)
    stored = [
        sum(len(one.buffer) for one in slices.graph.tensors_of(operator.inputs)) for operator in slices.graph.operators
    ]
    for operator, needed in zip(slices.graph.operators, stored, strict=True):
        assert len(slices.file(operator.index)) < needed + 4096


def test_constants_can_be_replaced(files: Any) -> None:
    slices = OperatorSlices(files.int8)
    operator = next(one for one in slices.graph.operators if one.name == "CONV_2D")
    bias = slices.graph.tensors[operator.inputs[2]]
    inputs = [every_value(files.int8)[index] for index in slices.inputs(operator.index)]
    low = np.full(bias.shape, -(2**24), np.int32)
    (before,), (after,) = (run(slices.file(operator.index, one), inputs) for one in (None, {bias.index: low}))
    assert len(np.unique(before)) > 10
    assert len(np.unique(after)) == 1
    (again,) = run(slices.file(operator.index), inputs)
    np.testing.assert_array_equal(again, before)


def test_constants_of_another_shape_are_refused(files: Any) -> None:
    slices = OperatorSlices(files.int8)
    operator = next(one for one in slices.graph.operators if one.name == "CONV_2D")
    with pytest.raises(InputError, match="cannot replace"):
        slices.file(operator.index, {operator.inputs[2]: np.zeros(3, np.int32)})


def test_operators_that_share_a_variable_are_refused() -> None:
    import tensorflow as tf

    class Counter(tf.Module):
        def __init__(self) -> None:
            self.total = tf.Variable(tf.zeros(3))

        @tf.function(input_signature=[tf.TensorSpec((3,), tf.float32)])
        def add(self, values: Any) -> Any:
            return self.total.assign_add(values)

    counter = Counter()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([counter.add.get_concrete_function()], counter)
    slices = OperatorSlices(bytes(converter.convert()))
    reading = next(one for one in slices.graph.operators if one.name == "READ_VARIABLE")
    with pytest.raises(InputError, match=r"READ_VARIABLE .* variable"):
        slices.file(reading.index)


def test_the_same_operator_gives_the_same_bytes(files: Any) -> None:
    assert OperatorSlices(files.int8).file(0) == OperatorSlices(files.int8).file(0)
