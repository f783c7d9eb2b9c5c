"""What is the same is written once, and reads as if it were written twice."""

from __future__ import annotations

import copy
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.tflite import align_buffers, read_tflite
from edgecomp.tflite.builders import SharingBuilder
from edgecomp.tflite.packing import AlignedBuffer

WORDS = st.sampled_from(["", "conv", "conv;relu"])
NUMBERS = st.lists(st.integers(-2, 2), max_size=4)


@st.composite
def tensors(draw: Any) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape = draw(WORDS), np.array(draw(NUMBERS), np.int32)
    tensor.buffer = draw(st.integers(0, 3))
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = np.array(draw(NUMBERS), np.float32)
    tensor.quantization.zeroPoint = np.array(draw(NUMBERS), np.int64)
    return tensor


@st.composite
def models(draw: Any) -> Any:
    model, graph, operator = schema.ModelT(), schema.SubGraphT(), schema.OperatorT()
    graph.tensors = draw(st.lists(tensors(), max_size=5))
    operator.inputs, operator.outputs = draw(NUMBERS), draw(NUMBERS)
    graph.operators, graph.inputs = [operator], draw(NUMBERS)
    model.subgraphs, model.description = [graph], draw(WORDS)
    model.buffers = [AlignedBuffer(draw(st.none() | st.binary(max_size=9))) for _ in range(4)]
    return model


def _packed(model: Any) -> bytes:
    builder = SharingBuilder(64)  # has to grow
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _told(thing: Any) -> Any:
    """All that an object of the schema says, as plain values."""
    if isinstance(thing, np.ndarray):
        return [thing.dtype.str, thing.tolist()]
    if isinstance(thing, list):
        return [_told(one) for one in thing]
    if hasattr(thing, "__dict__"):
        return {name: _told(value) for name, value in vars(thing).items()}
    return thing


@given(models())
def test_what_is_read_is_what_was_written(model: Any) -> None:
    read = schema.ModelT.InitFromPackedBuf(_packed(model), 0)
    assert (read.description or b"").decode() == model.description
    assert _told(read.subgraphs[0].operators[0]) == _told(_plain(model).subgraphs[0].operators[0])
    for one, other in zip(model.subgraphs[0].tensors, read.subgraphs[0].tensors, strict=True):
        assert other.name.decode() == one.name
        assert other.buffer == one.buffer
        for wanted, found in (
            (one.shape, other.shape),
            (one.quantization.scale, other.quantization.scale),
            (one.quantization.zeroPoint, other.quantization.zeroPoint),
        ):
            np.testing.assert_array_equal(np.reshape(found if found is not None else [], -1), wanted)
    for one, other in zip(model.buffers, read.buffers, strict=True):
        assert (b"" if other.data is None else bytes(other.data)) == (one.data or b"")


def _plain(model: Any) -> Any:
    """The model read from a file that shares nothing."""
    builder = flatbuffers.Builder(64)
    apart = copy.copy(model)
    apart.buffers = None
    builder.Finish(apart.Pack(builder), b"TFL3")
    return schema.ModelT.InitFromPackedBuf(bytes(builder.Output()), 0)


def test_names_and_zero_points_are_written_once_and_weights_of_the_same_values_twice() -> None:
    builder = SharingBuilder(64)
    for _ in range(2):
        builder.CreateString("residual/conv")
        builder.CreateNumpyVector(np.zeros(64, np.int64))
    shared = builder.Offset()
    assert shared < 1.2 * (len("residual/conv") + 8 * 64 + 16)
    model = schema.ModelT()
    model.buffers = [AlignedBuffer(bytes(range(99))), AlignedBuffer(bytes(range(99)))]
    assert _packed(model).count(bytes(range(99))) == 2


def test_a_real_file_becomes_smaller_and_says_the_same(files: Any) -> None:
    builder = flatbuffers.Builder(1024)
    model = schema.ModelT.InitFromPackedBuf(files.int8, 0)
    model.buffers = [_Apart(one.data) for one in model.buffers]
    builder.Finish(model.Pack(builder), b"TFL3")
    apart, shared = bytes(builder.Output()), align_buffers(files.int8)
    assert len(shared) < len(apart)
    for one, other in zip(read_tflite(apart).main.tensors, read_tflite(shared).main.tensors, strict=True):
        assert (one.name, one.shape, bytes(one.buffer or b"")) == (other.name, other.shape, bytes(other.buffer or b""))
        assert _told(one.quantization) == _told(other.quantization)


class _Apart(AlignedBuffer):
    """Aligned as the others are, in a file that shares nothing."""

    def Pack(self, builder: Any) -> int:  # noqa: N802
        vector = None if self.data is None else builder.CreateByteVector(bytes(self.data))
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        return int(schema.BufferEnd(builder))
