"""Which operators stay float is exactly what was asked, with conversions only where float and integers meet."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import QuantizeError, quantize
from edgecomp.tflite import TfliteModel, read_tflite
from edgecomp.tflite.packing import pack, unpack

CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
EDGES = [("int8", False), ("float", False), ("int8", True)]


def names(model: TfliteModel) -> list[str]:
    """The output tensor of each operator, in order."""
    return [model.main.tensors[operator.outputs[0]].name for operator in model.main.operators]


def computed_in_float(model: TfliteModel) -> set[str]:
    tensors = model.main.tensors
    return {
        tensors[operator.outputs[0]].name
        for operator in model.main.operators
        if operator.name not in CONVERSIONS and tensors[operator.outputs[0]].dtype == "float32"
    }


def needless(model: TfliteModel) -> list[str]:
    """Conversions that undo one another: a QUANTIZE of what a DEQUANTIZE gave, or the other way round."""
    made_by = {operator.outputs[0]: operator.name for operator in model.main.operators}
    return [
        model.main.tensors[operator.outputs[0]].name
        for operator in model.main.operators
        if operator.name in CONVERSIONS
        and made_by.get(operator.inputs[0]) in CONVERSIONS
        and made_by[operator.inputs[0]] != operator.name
    ]


@pytest.mark.parametrize(("io", "float_outputs"), EDGES)
@pytest.mark.parametrize("name", ["conv", "upsampling", "two inputs"])
def test_each_operator_alone_can_stay_float(
    name: str, io: Any, float_outputs: bool, network: Callable[[str], Any], ranges_of: Any
) -> None:
    net = network(name)
    ranges = ranges_of(net.file, net.samples)
    for kept in names(read_tflite(net.file)):
        file = quantize(
            net.file, scheme="int8", io=io, ranges=ranges, float_operators=[kept], float_outputs=float_outputs
        )
        model = read_tflite(file)
        # Where the graph gives float32, what computes its output still computes in integers, under another name.
        assert computed_in_float(model) == {kept}
        assert needless(model) == []
        assert {one.dtype for one in model.inputs} == {"int8" if io == "int8" else "float32"}
        assert {one.dtype for one in model.outputs} == {"int8" if io == "int8" and not float_outputs else "float32"}


def test_neighbours_that_stay_float_share_no_conversion(network: Callable[[str], Any], ranges_of: Any) -> None:
    net = network("conv")
    order = names(read_tflite(net.file))
    kept = order[1:3]
    file = quantize(net.file, scheme="int8", io="int8", ranges=ranges_of(net.file, net.samples), float_operators=kept)
    operators = [one.name for one in read_tflite(file).main.operators]
    assert operators[:5] == ["CONV_2D", "DEQUANTIZE", "DEPTHWISE_CONV_2D", "CONV_2D", "QUANTIZE"]
    assert sum(one in CONVERSIONS for one in operators) == 2


def test_all_operators_at_float_give_what_the_float_file_gives(
    network: Callable[[str], Any], ranges_of: Any, run: Any
) -> None:
    net = network("conv")
    everything = names(read_tflite(net.file))
    ranges = ranges_of(net.file, net.samples)
    file = quantize(net.file, scheme="int8", io="float", ranges=ranges, float_operators=everything)
    for sample in net.samples[:3]:
        wanted, got = run(net.file, sample), run(file, sample)
        for name, values in wanted.items():
            np.testing.assert_array_equal(got[name], values)


def test_a_name_that_begins_another_keeps_only_its_own_operator(export: Any, ranges_of: Any) -> None:
    import keras

    value = inputs = keras.Input((4,), name="x")
    for _ in range(3):
        value = keras.layers.Dense(4, activation="relu")(value)
    _, file = export(keras.Model(inputs, value))
    unpacked = unpack(file)
    for operator, name in zip(unpacked.subgraphs[0].operators, ("a", "ab", "a;b"), strict=True):
        unpacked.subgraphs[0].tensors[operator.outputs[0]].name = name
    file = pack(unpacked)
    samples = [{"x": np.full((1, 4), value, np.float32)} for value in (-1.0, 1.0)]
    for kept in ("a", "ab", "a;b"):
        made = quantize(file, scheme="int8", io="int8", ranges=ranges_of(file, samples), float_operators=[kept])
        assert computed_in_float(read_tflite(made)) == {kept}


@pytest.mark.parametrize("scheme", ["dynamic", "float16"])
def test_weights_of_operators_that_stay_float_stay_as_they_are(scheme: Any, network: Callable[[str], Any]) -> None:
    net = network("conv")
    model = read_tflite(net.file)
    kept = model.main.operators[0]
    made = read_tflite(quantize(net.file, scheme=scheme, io="float", float_operators=[names(model)[0]]))
    wanted = model.main.tensors[kept.inputs[1]]
    found = next(one for one in made.main.operators if one.name == kept.name)
    stored = made.main.tensors[found.inputs[1]]
    assert stored.dtype == "float32"
    np.testing.assert_array_equal(stored.values(), wanted.values())


def test_a_tensor_that_nothing_computes_is_refused(network: Callable[[str], Any], ranges_of: Any) -> None:
    net = network("dense")
    with pytest.raises(QuantizeError, match=re.escape("no operator of the .tflite computes 'nowhere'")):
        quantize(
            net.file,
            scheme="int8",
            io="int8",
            ranges=ranges_of(net.file, net.samples),
            float_operators=["nowhere"],
        )
