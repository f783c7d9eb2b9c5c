"""Whole graphs: the parts predicted for the XNNPACK delegate held against those that LiteRT makes."""

from __future__ import annotations

from typing import Any

import pytest

from edgecomp.lint.delegates.partitions import Partition
from edgecomp.lint.delegates.placement import xnnpack_partitions
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.schemes import Scheme
from edgecomp.tflite import read_tflite

IMAGE = (1, 8, 8, 4)


def test_parts_of_a_graph_with_branches(new_draft: Any, predicted: Any, delegated: Any) -> None:
    """Both arms of a branch run in one part, past an operator that is left over in one of them."""
    draft = new_draft()
    source, left, odd, middle, right, result = (draft.tensor(IMAGE) for _ in range(6))
    draft.operator("RELU", [source], [left])
    draft.operator("SIGN", [left], [odd])
    draft.operator("ABS", [odd], [middle])
    draft.operator("TANH", [source], [right])
    draft.operator("ADD", [middle, right], [result], kind="AddOptions")
    file = draft.file([source], [result])
    assert xnnpack_partitions(read_tflite(file)) == (
        Partition(True, (0, 3)),
        Partition(False, (1,)),
        Partition(True, (2, 4)),
    )
    assert predicted(file) == delegated(file)


def test_what_follows_sizes_that_are_computed(new_draft: Any, predicted: Any, delegated: Any) -> None:
    """The operator that makes a tensor of unknown size is left over; those behind it are taken."""
    draft = new_draft()
    source, padding, padded, result = (
        draft.tensor(IMAGE),
        draft.tensor((4, 2), "int32"),
        *(draft.tensor(IMAGE) for _ in range(2)),
    )
    draft.operator("PAD", [source, padding], [padded], kind="PadOptions")
    draft.operator("RELU", [padded], [result])
    file = draft.file([source, padding], [result])
    assert predicted(file) == delegated(file)


@pytest.mark.parametrize("name", ["conv", "dense", "two inputs", "upsampling", "recurrent"])
@pytest.mark.parametrize("scheme", ["float32", "int8", "dynamic", "float16"])
def test_networks_of_the_converter(network: Any, predicted: Any, delegated: Any, name: str, scheme: Scheme) -> None:
    file = network(name).file
    if scheme != "float32":
        computed = [tensor.name for tensor in read_tflite(file).main.tensors if not tensor.is_constant]
        io = "int8" if scheme == "int8" else "float"
        file = quantize(file, scheme=scheme, io=io, ranges=dict.fromkeys(computed, (-2.0, 2.0)))
    assert predicted(file) == delegated(file)
    assert predicted(file), "the delegate takes some of every network"
