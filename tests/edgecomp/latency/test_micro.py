"""The small networks."""

from __future__ import annotations

import numpy as np
import pytest
from edgecomp_runtime.model import Model

from edgecomp.latency.micro import micro_models
from edgecomp.latency.micro.blocks import BLOCKS
from edgecomp.latency.micro.builder import NetworkBuilder
from edgecomp.latency.work import works_of
from edgecomp.tflite import read_tflite, scheme

KINDS = {"pointwise", "convolution", "dense", "depthwise 9", "depthwise 25", "depthwise", "ADD", "MUL by channel"}


def test_names_are_unique_and_all_kinds_are_there_in_both_precisions() -> None:
    models = list(micro_models())
    assert len({one.name for one in models}) == len(models)
    kinds = {(work.kind, work.precision) for one in models for work in works_of(read_tflite(one.file))}
    assert kinds >= {(kind, precision) for kind in KINDS for precision in ("float32", "int8")}


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_run(block: str, precision: str) -> None:
    network = NetworkBuilder(precision)
    file = network.finish(BLOCKS[block](network))
    model = Model.load(file, engine="ai_edge_litert")
    model.bare_invoke([np.zeros(one.shape, one.stored_dtype) for one in model.inputs])()
    assert scheme(read_tflite(file)) == precision


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_shapes_are_those_that_the_interpreter_finds(precision: str) -> None:
    network = NetworkBuilder(precision)
    tensor = network.convolution(network.input(1, 11, 9, 3), 8, (1, 3), stride=2)
    tensor = network.crop(network.pad(network.depthwise(tensor, 3, same=False)))
    tensor = network.resize("RESIZE_BILINEAR", network.pool("MAX_POOL_2D", tensor, 3, stride=2), 7, 5)
    tensor = network.concatenation(tensor, network.unary("RELU", tensor))
    gates = network.mean(tensor)
    tensor = network.transpose(network.binary("MUL", tensor, gates), 0, 3, 1, 2)
    stored = network.shape(tensor)
    model = Model.load(network.finish(tensor), engine="ai_edge_litert")
    (found,) = model.run_stored([np.zeros(one.shape, one.stored_dtype) for one in model.inputs])
    assert found.shape == stored == (1, 16, 7, 5)
