"""Learned rounding picks one of two neighbours for each weight, and what it picks is what the file holds and runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.mend.bias import FEWEST_SAMPLES
from edgecomp.quantize.mend.operator_run import NetworkRun, reduced_values
from edgecomp.quantize.mend.patches import patch_geometry
from edgecomp.quantize.mend.rounding import learn_rounding
from edgecomp.quantize.mend.weighted import WeightedLayer, real, weighted_layers
from edgecomp.tflite import align_buffers, read_tflite

SCHEMES = ("int8", "int4", "dynamic")


def made(net: Any, scheme: str) -> bytes:
    return align_buffers(quantize(net.file, scheme=scheme, io="float", ranges=net.ranges))  # type: ignore[arg-type]


def matched(reference: bytes, quantized: bytes) -> list[WeightedLayer]:
    return list(weighted_layers(read_tflite(reference).main, read_tflite(quantized).main).values())


def scales(layer: WeightedLayer) -> np.ndarray:
    """Shaped to go with the weights."""
    assert layer.weights.quantization is not None
    shape = [-1 if axis == layer.channel_axis else 1 for axis in range(len(layer.weights.shape))]
    return np.broadcast_to(np.array(layer.weights.quantization.scale), layer.channels).reshape(shape)


def error(reference: bytes, quantized: bytes, samples: list[dict[str, np.ndarray]]) -> float:
    """Of the output: energy of the error over that of the signal."""
    pairs = []
    for file in (reference, quantized):
        index = read_tflite(file).main.outputs[0]
        pairs.append(np.stack(reduced_values(file, [(index, np.copy)], samples, threads=1)[0]))
    exact, got = pairs
    return float(np.square(got - exact).sum() / np.square(exact).sum())


@pytest.fixture(scope="module")
def learned(digits: Any) -> Any:
    """By scheme: the file before, and the result."""
    files = {scheme: made(digits, scheme) for scheme in SCHEMES}
    return {
        scheme: (file, learn_rounding(digits.file, file, threads=1, samples=digits.samples))
        for scheme, file in files.items()
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_weight_is_the_integer_below_or_above(scheme: str, learned: Any, digits: Any) -> None:
    before, result = learned[scheme]
    for old, new in zip(matched(digits.file, before), matched(digits.file, result.file), strict=True):
        assert old.weights.dtype == new.weights.dtype
        steps = new.weights.values() - new.reference_weights.values() / scales(new)
        assert np.abs(steps).max() < 1 + 1e-4
        difference = new.weights.values().astype(int) - old.weights.values()
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_reported_is_in_the_file(scheme: str, learned: Any, digits: Any) -> None:
    before, result = learned[scheme]
    changed = [
        int(np.count_nonzero(new.weights.values() != old.weights.values()))
        for old, new in zip(matched(digits.file, before), matched(digits.file, result.file), strict=True)
    ]
    assert [one.changed for one in result.layers] == changed
    assert min(changed) > 0


def test_int4_weights_are_stored_as_int4(learned: Any, digits: Any) -> None:
    """Two to a byte, and the kernel reads them as they were chosen."""
    _, result = learned["int4"]
    layers = [one for one in matched(digits.file, result.file) if one.weights.dtype == "int4"]
    assert len(layers) == 4
    for layer in layers:
        assert len(layer.weights.buffer) == (layer.weights.elements + 1) // 2
        assert np.abs(layer.weights.values()).max() <= 7


@pytest.mark.parametrize("scheme", ["int8", "int4"])
def test_the_kernels_compute_with_the_weights_that_the_file_holds(scheme: str, learned: Any, digits: Any) -> None:
    """Each layer's integers are those that its weights and biases give on paper, but for how kernels round halves."""
    _, result = learned[scheme]
    layers = {one.operator.index: one for one in matched(digits.file, result.file)}
    network = NetworkRun(result.file, digits.others[:3], threads=1)
    for operator in network.operators:
        outputs = network.run(operator.index)
        layer = layers.get(operator.index)
        if layer is not None:
            np.testing.assert_allclose(
                np.stack([real(layer.output, one).reshape(-1) for one in outputs[0]]),
                np.stack([on_paper(layer, one).reshape(-1) for one in network.values(layer.data.index)]),
                atol=0.6 * layer.output.quantization.scale[0],  # type: ignore[union-attr]
            )
        network.advance(operator.index, outputs)


def on_paper(layer: WeightedLayer, data: np.ndarray) -> np.ndarray:
    """What a layer gives before its output is rounded, [positions, channels], cut off where its integers end."""
    geometry = patch_geometry(layer)
    assert geometry is not None
    assert layer.bias is not None
    assert layer.data.quantization is not None
    fill = layer.data.quantization.zero_point[0]
    patches = real(layer.data, geometry.patches(data, np.arange(geometry.positions), fill)).astype(np.float64)
    weights = geometry.matrix(layer.weights.values() * scales(layer))
    products = np.moveaxis(patches @ weights.transpose(0, 2, 1), 0, 1).reshape(geometry.positions, -1)
    ends = real(layer.output, np.array([-128, 127], np.int8))
    outputs: np.ndarray = np.clip(
        np.clip(products + layer.bias.values() * layer.bias_unit(), *layer.clamp), ends[0], ends[1]
    )
    return outputs


@pytest.mark.parametrize(("scheme", "share"), [("int8", 0.95), ("int4", 0.5), ("dynamic", 0.9)])
def test_the_network_comes_closer_to_float_on_other_samples(
    scheme: str, share: float, learned: Any, digits: Any
) -> None:
    before, result = learned[scheme]
    assert error(digits.file, result.file, digits.others) < share * error(digits.file, before, digits.others)


def test_no_layer_gets_worse_on_the_samples_held_back(learned: Any) -> None:
    for _, result in learned.values():
        assert all(one.after_db >= one.before_db for one in result.layers)


def test_the_report_says_how_close_a_layer_is(learned: Any, digits: Any) -> None:
    """The first layer's inputs are the same in both files, so that its errors can be counted from outside, there at
    all positions."""
    before, result = learned["int4"]
    held_back = digits.samples[-len(digits.samples) // 4 :]
    figures = []
    for file in (before, result.file):
        layer = matched(digits.file, file)[0]
        exact = reduced_values(digits.file, [(layer.reference_output.index, np.copy)], held_back, threads=1)[0]
        got = reduced_values(file, [(layer.output.index, lambda v, t=layer.output: real(t, v))], held_back, threads=1)[
            0
        ]
        noise = sum(np.square(one - other).sum() for one, other in zip(exact, got, strict=True))
        figures.append(10 * np.log10(sum(np.square(one).sum() for one in exact) / noise))
    assert [result.layers[0].before_db, result.layers[0].after_db] == pytest.approx(figures, abs=0.5)


def test_few_samples_change_nothing(digits: Any, learned: Any) -> None:
    file, _ = learned["int8"]
    samples = digits.samples[: FEWEST_SAMPLES - 1]
    assert learn_rounding(digits.file, file, threads=1, samples=samples).file == file


def test_the_same_input_gives_the_same_bytes(digits: Any, learned: Any) -> None:
    file, result = learned["int8"]
    assert learn_rounding(digits.file, file, threads=1, samples=digits.samples).file == result.file


@pytest.mark.parametrize("name", ["upsampling", "two inputs", "recurrent"])
def test_any_network_can_be_learned(name: str, network: Any, ranges_of: Any) -> None:
    net = network(name)
    ranges = ranges_of(net.file, net.samples)
    file = align_buffers(quantize(net.file, scheme="int8", io="float", ranges=ranges))
    result = learn_rounding(net.file, file, threads=1, samples=net.samples)
    assert error(net.file, result.file, net.samples) < 1.2 * error(net.file, file, net.samples)  # of a few weights
    assert result.file != file
