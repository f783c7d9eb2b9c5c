"""Constants replaced and tensors exposed, seen through the real interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edgecomp.errors import InputError
from edgecomp.tflite import read_tflite, with_constants, with_outputs


def run(data: bytes) -> tuple[list[np.ndarray], list[str]]:
    """The outputs for one random input, and the names of what ran."""
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    interpreter.set_tensor(detail["index"], np.random.default_rng(3).random(detail["shape"], np.float32))
    interpreter.invoke()
    ran = [one["op_name"] for one in interpreter._get_ops_details()]
    return [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()], ran


def weights_of(data: bytes) -> list[Any]:
    return [one for one in read_tflite(data).main.tensors if one.is_constant and one.dtype == "float32"]


def test_a_constant_gets_the_values_it_is_given_and_no_other_changes(files: Any) -> None:
    before = weights_of(files.float32)
    new = np.random.default_rng(0).random(before[0].shape, np.float32)
    after = weights_of(with_constants(files.float32, {before[0].index: new}))
    np.testing.assert_array_equal(after[0].values(), new)
    for one, other in zip(before[1:], after[1:], strict=True):
        np.testing.assert_array_equal(one.values(), other.values())


def test_the_file_does_not_grow_with_each_replacement(files: Any) -> None:
    tensor = weights_of(files.float32)[0]
    once = with_constants(files.float32, {tensor.index: tensor.values() + 1})
    assert len(with_constants(once, {tensor.index: tensor.values()})) <= len(once) + 256


def test_a_file_with_the_same_constants_computes_the_same(files: Any) -> None:
    same = {one.index: one.values() for one in weights_of(files.float32)}
    np.testing.assert_array_equal(run(with_constants(files.float32, same))[0][0], run(files.float32)[0][0])


@pytest.mark.parametrize("wrong", ["shape", "dtype", "computed"])
def test_what_does_not_fit_is_refused(wrong: str, files: Any) -> None:
    tensor = weights_of(files.float32)[0]
    value = {"shape": np.zeros((1,), np.float32), "dtype": np.zeros(tensor.shape, np.float64)}.get(wrong)
    index = tensor.index
    if value is None:
        computed = read_tflite(files.float32).outputs[0]
        index, value = computed.index, np.zeros(computed.shape, np.float32)
    with pytest.raises(InputError):
        with_constants(files.float32, {index: value})


def test_exposed_tensors_have_the_values_that_are_computed_anyway(files: Any) -> None:
    graph = read_tflite(files.float32).main
    computed = [one for operator in graph.operators for one in operator.outputs]
    exposed, ran = run(with_outputs(files.float32, computed))
    assert "DELEGATE" in ran
    assert len(exposed) == len(computed)
    np.testing.assert_allclose(exposed[-1], run(files.float32)[0][0], rtol=1e-5, atol=1e-6)
    assert {tuple(one.shape) for one in exposed} == {graph.tensors[index].shape for index in computed}
