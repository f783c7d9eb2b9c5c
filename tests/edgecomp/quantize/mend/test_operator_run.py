"""A network run operator by operator computes what an interpreter that has all of it computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.mend.operator_run import NetworkRun, reduced_values
from edgecomp.tflite import align_buffers, read_tflite

NETWORKS = ("conv", "dense", "two inputs", "upsampling", "recurrent")


def made(net: Any, ranges_of: Any, scheme: str, **options: Any) -> bytes:
    ranges = ranges_of(net.file, net.samples)
    return align_buffers(quantize(net.file, scheme=scheme, io="int8", ranges=ranges, **options))  # type: ignore[arg-type]


def assert_as_whole(file: bytes, samples: list[dict[str, np.ndarray]]) -> None:
    network = NetworkRun(file, samples, threads=1)
    computed = [index for operator in network.operators for index in operator.outputs]
    whole = reduced_values(file, [(index, np.copy) for index in computed], samples, threads=1)
    expected = dict(zip(computed, whole, strict=True))
    for operator in network.operators:
        outputs = network.run(operator.index)
        for index, values in zip(operator.outputs, outputs, strict=True):
            for got, wanted in zip(values, expected[index], strict=True):
                if got.dtype.kind == "f":
                    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5 * float(np.abs(wanted).max()))
                else:
                    np.testing.assert_array_equal(got, wanted)
        network.advance(operator.index, outputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_integers_are_those_of_the_whole_network_bit_for_bit(
    name: str, network: Callable[[str], Any], ranges_of: Any
) -> None:
    net = network(name)
    assert_as_whole(made(net, ranges_of, "int8"), net.samples[:3])


@pytest.mark.parametrize("scheme", ["float32", "dynamic", "float16", "int16x8"])
def test_other_schemes_run_too(scheme: str, network: Callable[[str], Any], ranges_of: Any) -> None:
    net = network("conv")
    assert_as_whole(made(net, ranges_of, scheme), net.samples[:3])


def test_operators_that_stay_float_run_as_they_are(network: Callable[[str], Any], ranges_of: Any) -> None:
    net = network("conv")
    operator = next(one for one in read_tflite(net.file).main.operators if one.name == "DEPTHWISE_CONV_2D")
    name = read_tflite(net.file).main.tensors[operator.outputs[0]].name
    file = made(net, ranges_of, "int8", float_operators=[name])
    assert "DEQUANTIZE" in {one.name for one in read_tflite(file).main.operators}
    assert_as_whole(file, net.samples[:3])


def test_values_that_nothing_needs_any_more_are_gone(network: Callable[[str], Any]) -> None:
    net = network("conv")
    run = NetworkRun(net.file, net.samples[:2], threads=1)
    most = 0
    for operator in run.operators:
        for index in operator.inputs:
            if index in {one for other in run.operators for one in other.outputs}:
                assert len(run.values(index)) == 2
        run.advance(operator.index, run.run(operator.index))
        most = max(most, len(run._values))
    assert most <= 3  # of a residual network: the shortcut, and an operator's input and output
    with pytest.raises(KeyError):
        run.values(run.operators[0].outputs[0])


def test_another_constant_changes_what_an_operator_gives_and_not_the_network(
    network: Callable[[str], Any], ranges_of: Any
) -> None:
    net = network("conv")
    run = NetworkRun(made(net, ranges_of, "int8"), net.samples[:2], threads=1)
    first = run.operators[0]
    weights = run.graph.tensors[first.inputs[1]]
    before, changed = run.run(first.index), run.run(first.index, {weights.index: np.zeros(weights.shape, np.int8)})
    assert np.any(before[0][0] != changed[0][0])
    np.testing.assert_array_equal(run.run(first.index)[0], before[0])
