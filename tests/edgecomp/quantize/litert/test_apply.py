"""What each scheme makes: dtypes at the edges and of the weights, and outputs close to the float file's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.errors import EdgecompError
from edgecomp.evaluate.metrics import Fidelity
from edgecomp.evaluate.run import run_samples, step_difference
from edgecomp.quantize.litert.apply import QuantizeError, quantize
from edgecomp.quantize.litert.floors import widen_narrow
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.quantize.schemes import DESCRIPTIONS, NEEDS_CALIBRATION, SCHEMES
from edgecomp.tflite import TfliteModel, read_tflite

NETWORKS = ("conv", "dense", "two inputs", "upsampling")

# Decibels. A signal that fills b bits evenly has 6.02 b dB to its rounding noise; one as peaked as activations are
# (peak 4 times the rms) 7 dB less, so 41 dB at 8 bits, and weights spread evenly over theirs 48 dB. Five layers add up
# to ten such noises, which takes 10 dB, and sums that cancel out as much again. int16x8 is left with the noise of its
# int8 weights alone; int4 weights have 15 levels of the 255, which takes 25 dB; float16 has 11 bits of mantissa.
FLOORS = {"int8": 20, "dynamic": 25, "int16x8": 38, "float16": 55, "int4": 12, "dynamic4": 12}
EDGES = [
    ("int8", "int8", "int8"),
    ("int8", "float", "float32"),
    ("int16x8", "int8", "int16"),
    ("int16x8", "float", "float32"),
    ("dynamic", "float", "float32"),
    ("float16", "float", "float32"),
    ("int4", "int8", "int8"),
    ("int4", "float", "float32"),
    ("dynamic4", "float", "float32"),
]


def ranges_of(network: Any) -> dict[str, tuple[float, float]]:
    seen = observe(network.file, threads=1, stream=network.samples)
    return choose_ranges(seen, "minmax", model=read_tflite(network.file))


def made(network: Any, scheme: str, io: str) -> bytes:
    ranges = None
    if scheme in NEEDS_CALIBRATION:
        ranges = ranges_of(network)
    return quantize(network.file, scheme=scheme, io=io, ranges=ranges)  # type: ignore[arg-type]


def fidelity_db(network: Any, file: bytes) -> float:
    reference = run_samples(network.file, network.contract, threads=1, stream=network.samples)
    ours = run_samples(file, network.contract, threads=1, stream=network.samples)
    fidelity = Fidelity(classification=False)
    for wanted, got in zip(reference, ours, strict=True):
        fidelity.add(wanted, got)
    assert fidelity.sqnr_db is not None
    return fidelity.sqnr_db


def weights(model: TfliteModel) -> list[Any]:
    """The constant second operand of every convolution and dense layer, and its op."""
    return [
        (operator.name, model.main.tensors[operator.inputs[1]])
        for operator in model.main.operators
        if operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    ]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("scheme", "io", "dtype"), EDGES)
def test_a_scheme_has_its_dtypes_and_computes_what_float_does(
    name: str, scheme: str, io: str, dtype: str, network: Callable[[str], Any]
) -> None:
    net = network(name)
    file = made(net, scheme, io)
    model = read_tflite(file)
    assert {tensor.dtype for tensor in (*model.inputs, *model.outputs)} == {dtype}
    assert fidelity_db(net, file) > FLOORS[scheme]


@pytest.mark.parametrize("name", NETWORKS)
def test_float32_is_the_float_file(name: str, network: Callable[[str], Any]) -> None:
    assert quantize(network(name).file, scheme="float32", io="float") == network(name).file


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_weights_are_int8_and_symmetric_per_output_channel(scheme: str, network: Callable[[str], Any]) -> None:
    found = weights(read_tflite(made(network("conv"), scheme, "int8")))
    assert len(found) == 4
    for operator, tensor in found:
        channels = tensor.shape[-1] if operator == "DEPTHWISE_CONV_2D" else tensor.shape[0]
        assert tensor.dtype == "int8"
        assert len(tensor.quantization.scale) == channels
        assert set(tensor.quantization.zero_point) == {0}


def test_a_full_integer_file_computes_nothing_in_float(network: Callable[[str], Any]) -> None:
    model = read_tflite(made(network("conv"), "int8", "int8"))
    assert not [tensor.name for tensor in model.main.tensors if tensor.dtype == "float32"]


def test_float_edges_are_converted_just_inside(network: Callable[[str], Any]) -> None:
    operators = [one.name for one in read_tflite(made(network("conv"), "int8", "float")).main.operators]
    assert operators[0] == "QUANTIZE"
    assert operators[-1] == "DEQUANTIZE"
    assert not {"QUANTIZE", "DEQUANTIZE"} & set(operators[1:-1])


def test_every_activation_range_holds_zero_so_that_padding_is_exact(network: Callable[[str], Any]) -> None:
    model = read_tflite(made(network("upsampling"), "int8", "int8"))
    for tensor in model.main.tensors:
        if tensor.dtype == "int8" and tensor.quantization is not None:
            assert all(-128 <= one <= 127 for one in tensor.quantization.zero_point)


def test_signatures_keep_their_names(network: Callable[[str], Any]) -> None:
    net = network("two inputs")
    signature = read_tflite(made(net, "int8", "int8")).signature
    assert signature is not None
    assert [name for name, _ in signature.inputs] == [one.name for one in net.contract.inputs]
    assert {name for name, _ in signature.outputs} == {"one", "two"}


@pytest.mark.parametrize("io", ["int8", "float"])
def test_the_loop_of_a_recurrent_network_stays_float(io: str, network: Callable[[str], Any]) -> None:
    net = network("recurrent")
    file = made(net, "int8", io)
    model = read_tflite(file)
    assert len(model.subgraphs) > 1
    for graph in model.subgraphs[1:]:
        assert "int8" not in {tensor.dtype for tensor in graph.tensors}
    assert {tensor.dtype for tensor in model.inputs} == {"int8" if io == "int8" else "float32"}
    assert fidelity_db(net, file) > FLOORS["int8"]


@pytest.mark.parametrize("name", ["conv", "upsampling"])
def test_the_file_gives_nearly_the_same_without_the_delegate(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    steps = step_difference(made(net, "int8", "int8"), net.contract, threads=1, stream=net.samples[:4])
    assert steps is not None
    assert steps <= 3


def test_the_same_ranges_give_the_same_bytes(network: Callable[[str], Any]) -> None:
    assert made(network("conv"), "int8", "int8") == made(network("conv"), "int8", "int8")


@pytest.mark.parametrize("scheme", sorted(NEEDS_CALIBRATION))
@pytest.mark.parametrize("ranges", [None, {}])
def test_integer_activations_need_ranges(scheme: str, ranges: Any, network: Callable[[str], Any]) -> None:
    with pytest.raises(QuantizeError, match=f"{scheme} needs the ranges"):
        quantize(network("dense").file, scheme=scheme, io="int8", ranges=ranges)  # type: ignore[arg-type]


def test_a_missing_range_is_a_typed_error(network: Callable[[str], Any]) -> None:
    ranges = ranges_of(network("dense"))
    ranges.pop(next(iter(ranges)))
    with pytest.raises(EdgecompError):
        quantize(network("dense").file, scheme="int8", io="int8", ranges=ranges)


def test_every_scheme_is_described() -> None:
    assert set(DESCRIPTIONS) == set(SCHEMES)


def test_a_wide_range_is_clipped_nowhere(network: Callable[[str], Any]) -> None:
    """The extremes of the calibration samples survive the way through the input tensor."""
    net = network("dense")
    tensor = read_tflite(made(net, "int8", "int8")).inputs[0]
    assert tensor.quantization is not None
    scale, zero_point = tensor.quantization.scale[0], tensor.quantization.zero_point[0]
    values = np.concatenate([one["row"] for one in net.samples])
    low, high = scale * (-128 - zero_point), scale * (127 - zero_point)
    assert low - scale / 2 <= values.min()
    assert values.max() <= high + scale / 2


@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2D", "Conv2DTranspose", "SeparableConv2D", "Dense"])
def test_a_layer_that_never_fires_does_not_stop_the_file_from_running(kind: str, export: Any) -> None:
    """Its output has a range of nothing; XNNPACK refuses a network whose steps are too fine for its integers."""
    import keras

    keras.utils.set_random_seed(0)
    sizes = {"Dense": (4,), "DepthwiseConv2D": (3,)}.get(kind, (4, 3))
    dead = getattr(keras.layers, kind)(*sizes, activation="relu6", bias_initializer=keras.initializers.Constant(-100))
    inputs = keras.Input((6, 6, 3), name="x")
    alive = keras.layers.Conv2D(4, 3, padding="same")(inputs)
    branch = keras.layers.Conv2D(4, 3, padding="same")(dead(inputs))
    pooled = [keras.layers.GlobalAveragePooling2D()(one) for one in (alive, branch)]
    opened, file = export(keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Concatenate()(pooled))))
    contract = build_contract(parse_preprocess("none"), opened.inputs, opened.outputs, images=False)
    rng = np.random.default_rng(1)
    samples = [{"x": rng.normal(size=(1, 6, 6, 3)).astype(np.float32)} for _ in range(20)]

    net = SimpleNamespace(file=file, contract=contract, samples=samples)
    assert fidelity_db(net, made(net, "int8", "int8")) > FLOORS["int8"]


def test_ranges_that_are_wide_enough_stay_as_observed(network: Callable[[str], Any]) -> None:
    net = network("conv")
    ranges = ranges_of(net)
    widened = widen_narrow(read_tflite(net.file), ranges)
    assert widened == {name: (min(low, 0.0), max(high, 0.0)) for name, (low, high) in ranges.items()}
