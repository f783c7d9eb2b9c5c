"""Edited files are run in the real interpreter."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from edgecomp.errors import InputError
from edgecomp.tflite import align_buffers, read_tflite, with_signature
from edgecomp.tflite.builders import BUFFER_ALIGNMENT


def run(data: bytes) -> np.ndarray:
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    values = np.random.default_rng(3).uniform(-100, 100, detail["shape"]).astype(detail["dtype"])
    interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    result: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return result


def buffer_starts(data: bytes) -> list[int]:
    base = np.frombuffer(data, np.uint8).ctypes.data
    constants = [tensor for tensor in read_tflite(data).main.tensors if tensor.is_constant]
    return [np.frombuffer(tensor.buffer, np.uint8).ctypes.data - base for tensor in constants]


def test_the_signature_names_inputs_and_outputs(files: Any) -> None:
    named = with_signature(files.float32, ["photo"], ["logits"], key="classify")
    interpreter = Interpreter(model_content=named)
    assert interpreter.get_signature_list() == {"classify": {"inputs": ["photo"], "outputs": ["logits"]}}
    values = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    result = interpreter.get_signature_runner("classify")(photo=values)["logits"]
    np.testing.assert_allclose(result, files.keras_model(values).numpy(), atol=1e-5)


def test_signatures_of_other_graphs_stay(files: Any) -> None:
    model = schema.ModelT.InitFromPackedBuf(files.float32, 0)
    model.subgraphs.append(model.subgraphs[0])
    other = schema.SignatureDefT(model.signatureDefs[0].inputs, model.signatureDefs[0].outputs, "other", 1)
    model.signatureDefs.append(other)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    named = with_signature(bytes(builder.Output()), ["photo"], ["logits"])
    signatures = Interpreter(model_content=named).get_signature_list()
    assert signatures["serving_default"] == {"inputs": ["photo"], "outputs": ["logits"]}
    assert signatures["other"]["inputs"] == ["image"]


def test_inputs_are_named_in_the_order_of_the_graph() -> None:
    import tensorflow as tf

    spec = tf.TensorSpec((2,), tf.float32)
    concrete = tf.function(lambda a, b: (a - b, a * 10.0)).get_concrete_function(spec, spec)
    data = tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()
    runner = Interpreter(model_content=with_signature(data, ["x", "y"], ["d", "t"])).get_signature_runner()
    first, second = np.float32([5, 7]), np.float32([1, 2])
    assert [one.index for one in read_tflite(data).inputs] == [0, 1]
    result = runner(x=first, y=second)
    np.testing.assert_allclose(result["d"], [4, 5])
    np.testing.assert_allclose(result["t"], [50, 70])


@pytest.mark.parametrize("scheme", ["float32", "float16", "dynamic", "int8"])
def test_edits_keep_every_output_bit(files: Any, scheme: str) -> None:
    data = getattr(files, scheme)
    for edited in (align_buffers(data), with_signature(data, ["a"], ["b"])):
        np.testing.assert_array_equal(run(edited), run(data))


def test_edits_keep_tensors_operators_and_metadata(files: Any) -> None:
    before, after = read_tflite(files.int8), read_tflite(align_buffers(files.int8))
    assert after.main.operators == before.main.operators
    assert after.main.tensors == before.main.tensors
    assert after.metadata == before.metadata
    assert after.signatures == before.signatures


def test_weights_start_at_cache_lines(files: Any, quantizer_file: bytes) -> None:
    for data in (files.int8, files.float32, quantizer_file):
        starts = buffer_starts(align_buffers(data))
        assert starts
        assert all(start % BUFFER_ALIGNMENT == 0 for start in starts)


def test_buffers_behind_the_flatbuffer_move_into_it(quantizer_file: bytes) -> None:
    edited = align_buffers(quantizer_file)
    np.testing.assert_array_equal(run(edited), run(quantizer_file))
    assert all(buffer.offset <= 1 for buffer in schema.ModelT.InitFromPackedBuf(edited, 0).buffers)


def test_edits_are_deterministic_and_settle(files: Any) -> None:
    once = align_buffers(files.int8)
    assert once == align_buffers(files.int8)
    assert align_buffers(once) == once


def test_files_appended_as_metadata_stay(files: Any) -> None:
    stream = io.BytesIO(files.int8)
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    edited = with_signature(stream.getvalue(), ["a"], ["b"])
    with zipfile.ZipFile(io.BytesIO(edited)) as archive:
        assert archive.read("labels.txt") == b"cat\ndog\n"
    np.testing.assert_array_equal(run(edited), run(files.int8))


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (["a", "b"], ["c"], "1 inputs, but 2 names"),
        (["a"], [], "1 outputs, but 0 names"),
        ([""], ["b"], "must be unique and not empty"),
    ],
)
def test_names_that_do_not_fit_are_refused(files: Any, inputs: list[str], outputs: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        with_signature(files.float32, inputs, outputs)


def test_an_appended_archive_that_would_fill_the_memory_is_refused(files: Any) -> None:
    stream = io.BytesIO(files.int8)
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as entry:
        for _ in range(260):
            entry.write(bytes(2**20))
    with pytest.raises(InputError, match="too large"):
        align_buffers(stream.getvalue())
