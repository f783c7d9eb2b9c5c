"""What the reader says of real files, held against the interpreter and the Keras model they came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edgecomp.errors import InputError
from edgecomp.tflite import read_tflite

SCHEMES = ("float32", "float16", "dynamic", "int8")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_tensors_are_those_of_the_interpreter(files: Any, scheme: str) -> None:
    data = getattr(files, scheme)
    interpreter = Interpreter(model_content=data)
    details = {one["index"]: one for one in interpreter.get_tensor_details()}
    for tensor in read_tflite(data).main.tensors:
        if tensor.index not in details:  # the interpreter hides tensors that nothing uses
            continue
        detail = details[tensor.index]
        assert tensor.name == detail["name"]
        assert tensor.shape == tuple(detail["shape"])
        assert tensor.dtype == np.dtype(detail["dtype"]).name
        expected = detail["quantization_parameters"]
        quantization = tensor.quantization
        assert tuple(expected["scales"]) == pytest.approx(() if quantization is None else quantization.scale)
        assert tuple(expected["zero_points"]) == (() if quantization is None else quantization.zero_point)
        if quantization is not None and quantization.per_channel:
            assert quantization.axis == expected["quantized_dimension"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_operators_run_in_the_interpreters_order(files: Any, scheme: str) -> None:
    data = getattr(files, scheme)
    expected = [
        (one["op_name"], tuple(one["inputs"]), tuple(one["outputs"]))
        for one in Interpreter(model_content=data)._get_ops_details()
        if one["op_name"] != "DELEGATE"
    ]
    found = [(one.name, one.inputs, one.outputs) for one in read_tflite(data).main.operators]
    assert found == expected


def test_inputs_outputs_and_signature(files: Any) -> None:
    model = read_tflite(files.float32)
    assert [(one.shape, one.dtype) for one in model.inputs] == [((1, 16, 16, 3), "float32")]
    assert [(one.shape, one.dtype) for one in model.outputs] == [((1, 5), "float32")]
    assert model.signature is not None
    assert [name for name, _ in model.signature.inputs] == ["image"]
    assert model.signature.outputs[0][1] == model.outputs[0].index
    assert "min_runtime_version" in model.metadata


def test_constants_are_the_weights_of_the_keras_model(files: Any) -> None:
    model = read_tflite(files.float32)
    convolution = model.main.operators[0]
    kernel = model.main.tensors[convolution.inputs[1]].values()
    expected = files.keras_model.get_layer("stem").get_weights()[0]
    np.testing.assert_array_equal(kernel, expected.transpose(3, 0, 1, 2))
    assert convolution.options["strideH"] == 1


def test_constants_are_views_and_cannot_be_written(files: Any) -> None:
    model = read_tflite(files.float32)
    kernel = model.main.tensors[model.main.operators[0].inputs[1]].values()
    assert not kernel.flags.writeable
    assert not kernel.flags.owndata


def test_a_computed_tensor_has_no_values(files: Any) -> None:
    model = read_tflite(files.float32)
    with pytest.raises(InputError, match="computed"):
        model.inputs[0].values()


def test_buffers_behind_the_flatbuffer_are_read(files: Any, quantizer_file: bytes) -> None:
    scores = read_tflite(quantizer_file).main.operators[-1]
    model = read_tflite(quantizer_file)
    bias = model.main.tensors[model.main.operators[0].inputs[2]]
    assert scores.name == "FULLY_CONNECTED"
    np.testing.assert_allclose(bias.values(), files.keras_model.get_layer("stem").get_weights()[1], atol=1e-6)
    assert sum(len(tensor.buffer) for tensor in model.main.tensors) > 2000


def test_a_path_reads_like_its_bytes(files: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(files.int8)
    assert read_tflite(path) == read_tflite(files.int8)
    assert read_tflite(str(path)) == read_tflite(path)


def test_control_flow_names_its_graphs() -> None:
    import tensorflow as tf

    function = tf.function(lambda x: tf.while_loop(lambda y: tf.reduce_sum(y) < 10.0, lambda y: (y * 2.0,), (x,)))
    concrete = function.get_concrete_function(tf.TensorSpec((2,), tf.float32))
    model = read_tflite(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())
    loop = next(one for one in model.main.operators if one.name == "WHILE")
    assert sorted(loop.subgraphs) == [1, 2]
    assert {one.name for index in loop.subgraphs for one in model.subgraphs[index].operators} >= {"MUL", "LESS"}
