"""Whatever the bytes are, reading them gives a model or an InputError, and soon."""

from __future__ import annotations

import contextlib
import os
import struct
import time
from pathlib import Path
from typing import Any

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.tflite import TfliteModel, align_buffers, read_tflite, with_signature
from edgecomp.tflite.summary import summarize

SECONDS = 20  # of this process: a hostile file must not cost more, on a slow machine
FUZZ = settings(max_examples=300)


def outcome(data: bytes) -> TfliteModel | None:
    """The model, with all that is derived from it, or None for an InputError; anything else fails the test."""
    start = time.process_time()
    try:
        model = read_tflite(data)
        summarize(model)
    except InputError:
        return None
    finally:
        assert time.process_time() - start < SECONDS
    return model


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def unpacked(data: bytes) -> Any:
    return schema.ModelT.InitFromPackedBuf(data, 0)


@pytest.mark.parametrize(
    "data",
    [b"", b"TFL3", b"\x00" * 100, b"\x00\x00\x00\x00TFL3", b"\xff\xff\xff\xffTFL3" + b"\xff" * 64, b"PK\x03\x04"],
)
def test_bytes_that_are_no_model(data: bytes) -> None:
    with pytest.raises(InputError):
        read_tflite(data)


def test_every_truncation_of_the_tables_is_refused_or_read(files: Any) -> None:
    data = files.int8
    whole = summarize(read_tflite(data))
    for length in range(0, len(data), 97):
        model = outcome(data[:length])
        assert model is None or summarize(model).operator_counts == whole.operator_counts


def test_missing_files_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing.tflite", tmp_path / "pipe", tmp_path / ("x" * 300)):
        with pytest.raises(InputError, match=path.name[:20]):
            read_tflite(path)


@FUZZ
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
def test_changed_bytes(files: Any, changes: list[tuple[float, int]]) -> None:
    data = bytearray(files.int8)
    for place, value in changes:
        data[int(place * len(data))] = value
    if outcome(bytes(data)) is not None:
        with contextlib.suppress(InputError):  # what the reader does not look at may still be broken
            read_tflite(align_buffers(bytes(data)))


@FUZZ
@given(
    place=st.floats(0, 1, exclude_max=True),
    value=st.sampled_from([0, 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1),
)
def test_changed_offsets_and_lengths(files: Any, place: float, value: int) -> None:
    data = bytearray(files.float32)
    struct.pack_into("<I", data, int(place * (len(data) // 4 - 1)) * 4, value)
    outcome(bytes(data))


def test_a_file_whose_lists_overlap_is_refused_soon(files: Any) -> None:
    """One graph of many tensors, named ten thousand times: small to write, endless to visit."""
    model = unpacked(files.float32)
    model.subgraphs[0].tensors = model.subgraphs[0].tensors * 100
    builder = flatbuffers.Builder(1024)
    graph = model.subgraphs[0].Pack(builder)
    schema.ModelStartSubgraphsVector(builder, 10_000)
    for _ in range(10_000):
        builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddSubgraphs(builder, graphs)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    start = time.process_time()
    with pytest.raises(InputError, match="damaged"):
        read_tflite(bytes(builder.Output()))
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("callee", [0, 7])
def test_a_graph_that_runs_itself_or_none_is_refused(files: Any, callee: int) -> None:
    model = unpacked(files.float32)
    operator = model.subgraphs[0].operators[0]
    operator.builtinOptionsType = schema.BuiltinOptions.CallOnceOptions
    operator.builtinOptions = schema.CallOnceOptionsT(initSubgraphIndex=callee)
    with pytest.raises(InputError, match=f"graph {callee}"):
        read_tflite(packed(model))


def test_indices_out_of_range_are_named(files: Any) -> None:
    model = unpacked(files.float32)
    model.subgraphs[0].operators[2].inputs = [999, 0, 0]
    with pytest.raises(InputError, match="operator 2 names tensor 999"):
        read_tflite(packed(model))


def test_a_constant_that_does_not_fill_its_shape_is_refused(files: Any) -> None:
    model = unpacked(files.float32)
    weights = model.subgraphs[0].operators[0].inputs[1]
    model.subgraphs[0].tensors[weights].shape = [1000, 3, 3, 3]
    with pytest.raises(InputError, match=f"tensor {weights} needs 108000 bytes"):
        read_tflite(packed(model))


@pytest.mark.parametrize("shape", [[2**31 - 1] * 60, [1] * 100, [-5, 3]])
def test_impossible_shapes_are_refused(files: Any, shape: list[int]) -> None:
    model = unpacked(files.float32)
    model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shape = shape
    with pytest.raises(InputError, match="impossible shape"):
        read_tflite(packed(model))


def test_edits_refuse_what_the_reader_refuses(files: Any) -> None:
    for data in (b"", files.float32[: len(files.float32) // 2]):
        with pytest.raises(InputError):
            with_signature(data, ["a"], ["b"])
