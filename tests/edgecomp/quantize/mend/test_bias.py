"""Bias correction brings the means of outputs back, on samples that it did not see too, and does no harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.mend.bias import FEWEST_SAMPLES, LARGEST_BIAS, correct_biases
from edgecomp.quantize.mend.operator_run import reduced_values
from edgecomp.quantize.mend.weighted import WeightedLayer, real, weighted_layers
from edgecomp.tflite import align_buffers, read_tflite, with_constants

Feeds = dict[str, np.ndarray]


def made(net: Any, scheme: str = "int8", **options: Any) -> bytes:
    return align_buffers(quantize(net.file, scheme=scheme, io="int8", ranges=net.ranges, **options))  # type: ignore[arg-type]


def matched(reference: bytes, quantized: bytes) -> list[WeightedLayer]:
    return list(weighted_layers(read_tflite(reference).main, read_tflite(quantized).main).values())


def outputs(reference: bytes, quantized: bytes, samples: list[Feeds]) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Of each layer: its name, and what it gives in both files as [samples, positions, channels]."""
    layers = matched(reference, quantized)

    def rows(values: np.ndarray) -> np.ndarray:
        return np.array(values.reshape(-1, values.shape[-1]))

    exact = reduced_values(reference, [(one.reference_output.index, rows) for one in layers], samples, threads=1)
    got = reduced_values(
        quantized, [(one.output.index, lambda v, t=one.output: rows(real(t, v))) for one in layers], samples, threads=1
    )
    return [(one.name, np.stack(e), np.stack(g)) for one, e, g in zip(layers, exact, got, strict=True)]


def mean_error(reference: bytes, quantized: bytes, samples: list[Feeds]) -> list[float]:
    """Of each layer: root of the summed squares of the channels' mean errors, over that of the output."""
    return [
        float(np.linalg.norm((got - exact).mean(axis=(0, 1))) / np.sqrt(np.square(exact).sum(axis=2).mean()))
        for _, exact, got in outputs(reference, quantized, samples)
    ]


def with_damaged_biases(reference: bytes, quantized: bytes) -> bytes:
    """Shifts every bias by a tenth of its layer's largest, up or down."""
    shifted = {}
    for layer in matched(reference, quantized):
        if layer.bias is None:
            continue
        values = layer.bias.values()
        signs = np.resize([1, -1], values.shape)
        shifted[layer.bias.index] = (values + signs * (np.abs(values).max() // 10 + 50)).astype(values.dtype)
    return with_constants(quantized, shifted)


def test_mean_errors_fall_on_other_samples_too(digits: Any) -> None:
    file = made(digits)
    result = correct_biases(digits.file, file, threads=1, samples=digits.samples)
    before, after = (mean_error(digits.file, one, digits.others) for one in (file, result.file))
    assert len(after) == 5
    assert np.mean(after) < 0.6 * np.mean(before)
    assert all(one < max(1.2 * other, 0.002) for one, other in zip(after, before, strict=True))


def test_damage_behind_clamps_is_undone(digits: Any) -> None:
    file = made(digits)
    damaged = with_damaged_biases(digits.file, file)
    result = correct_biases(digits.file, damaged, threads=1, samples=digits.samples)
    sound, bad, repaired = (mean_error(digits.file, one, digits.others) for one in (file, damaged, result.file))
    assert min(np.array(bad) / np.array(sound)) > 2
    assert max(np.array(repaired) / np.array(bad)) < 0.35


def test_the_mean_error_on_the_samples_never_grows(digits: Any) -> None:
    result = correct_biases(digits.file, made(digits), threads=1, samples=digits.samples[:10])
    assert len(result.layers) == 5
    assert all(one.after_db >= one.before_db for one in result.layers)
    assert any(one.changed for one in result.layers)


def test_the_report_is_what_the_file_does(digits: Any) -> None:
    result = correct_biases(digits.file, made(digits), threads=1, samples=digits.samples)
    errors = mean_error(digits.file, result.file, digits.samples)
    for change, error in zip(result.layers, errors, strict=True):
        assert change.after_db == pytest.approx(-20 * np.log10(error), abs=0.1)


def test_only_biases_change(digits: Any) -> None:
    file = made(digits)
    before, after = (read_tflite(one).main for one in (file, correct(digits, file)))
    biases = {one.operator.inputs[2] for one in matched(digits.file, file)} - {-1}
    for ours, theirs in zip(before.tensors, after.tensors, strict=False):
        assert ours.quantization == theirs.quantization
        if ours.index not in biases:
            assert bytes(ours.buffer) == bytes(theirs.buffer)


def correct(net: Any, file: bytes) -> bytes:
    return correct_biases(net.file, file, threads=1, samples=net.samples).file


def test_a_layer_without_a_bias_gets_one(digits: Any) -> None:
    file = made(digits)
    assert matched(digits.file, file)[-1].bias is None
    bias = matched(digits.file, correct(digits, file))[-1].bias
    assert bias is not None
    assert bias.values().any()


def test_few_samples_change_nothing(digits: Any) -> None:
    file = made(digits)
    samples = digits.samples[: FEWEST_SAMPLES - 1]
    result = correct_biases(digits.file, file, threads=1, samples=samples)
    assert result.file == file
    assert result.layers == ()


def test_a_network_that_has_no_error_stays(digits: Any) -> None:
    assert correct_biases(digits.file, digits.file, threads=1, samples=digits.samples).file == digits.file


@pytest.mark.parametrize("scheme", ["int16x8", "dynamic", "int4"])
def test_other_schemes_are_corrected_too(scheme: str, digits: Any) -> None:
    file = made(digits, scheme)
    before, after = (mean_error(digits.file, one, digits.others) for one in (file, correct(digits, file)))
    assert np.mean(after) < 0.8 * np.mean(before)


def test_layers_kept_at_float_stay(digits: Any) -> None:
    name = matched(digits.file, made(digits))[1].name
    file = made(digits, float_operators=[name])
    result = correct_biases(digits.file, file, threads=1, samples=digits.samples)
    assert name not in {one.name for one in result.layers}
    assert len(result.layers) == 4
    assert np.mean(mean_error(digits.file, result.file, digits.others)) < np.mean(
        mean_error(digits.file, file, digits.others)
    )


def test_biases_stay_within_what_accumulators_hold(digits: Any) -> None:
    file = made(digits)
    layer = matched(digits.file, file)[0]
    assert layer.bias is not None
    start = np.full(layer.bias.shape, -LARGEST_BIAS - 5, np.int32)
    result = correct(digits, with_constants(file, {layer.bias.index: start}))
    values = read_tflite(result).main.tensors[layer.bias.index].values().astype(np.int64)
    assert np.abs(values).max() <= LARGEST_BIAS + 5


@pytest.mark.parametrize("name", ["conv", "upsampling", "two inputs", "recurrent"])
def test_any_network_can_be_corrected(name: str, network: Callable[[str], Any], ranges_of: Any) -> None:
    net = network(name)
    ranges = ranges_of(net.file, net.samples)
    file = align_buffers(quantize(net.file, scheme="int8", io="float", ranges=ranges))
    result = correct_biases(net.file, file, threads=1, samples=net.samples)
    before, after = (np.mean(mean_error(net.file, one, net.samples)) for one in (file, result.file))
    assert after < before


def test_the_same_input_gives_the_same_bytes(digits: Any) -> None:
    file = made(digits)
    assert correct(digits, file) == correct(digits, file)
