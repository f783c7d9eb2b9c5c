"""Error by layer: every figure is what NumPy makes of the tensors of both files."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.evaluate.layers import HISTOGRAM_BINS, HISTOGRAMS, layer_errors
from edgecomp.quantize.litert.apply import quantize
from edgecomp.tflite import read_tflite

SAMPLES = 6
Ranges = dict[str, tuple[float, float]]


def kept_tensors(file: bytes, samples: list[Any]) -> dict[str, list[np.ndarray]]:
    """The real values of all tensors by name, one array a sample, from an interpreter that keeps them all."""
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = Interpreter(model_content=file, experimental_preserve_all_tensors=True)
    runner = interpreter.get_signature_runner("serving_default")
    inputs = runner.get_input_details()
    kept: dict[str, list[np.ndarray]] = {}
    for feeds in samples:
        runner(**{name: encoded(feeds[name], detail) for name, detail in inputs.items()})
        for detail in interpreter.get_tensor_details():
            if detail["name"]:
                try:
                    stored = interpreter.get_tensor(detail["index"])
                except ValueError:
                    continue
                scale, zero_point = detail["quantization"]
                real = (stored.astype(np.float64) - zero_point) * scale if scale else stored
                kept.setdefault(detail["name"], []).append(real)
    return kept


def computed(file: bytes) -> list[str]:
    """Names of what the operators give, in their order."""
    graph = read_tflite(file).main
    return [graph.tensors[index].name for operator in graph.operators for index in operator.outputs]


def encoded(values: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    scale, zero_point = detail["quantization"]
    if not scale:
        return values
    steps = np.rint(values / np.float32(scale)) + zero_point
    return np.clip(steps, -128, 127).astype(np.int8)


def observed(net: Any) -> Ranges:
    kept = kept_tensors(net.file, net.samples)
    return {
        name: (float(np.min(values)), float(np.max(values)))
        for name, values in kept.items()
        if values[0].dtype == np.float32
    }


def int8(net: Any, narrowed: tuple[str, float] | None = None) -> tuple[bytes, str]:
    """The int8 file, with the range of the first tensor of that name part divided; and that tensor's name."""
    ranges = observed(net)
    name = ""
    if narrowed:
        name = next(one for one in computed(net.file) if narrowed[0] in one)
        low, high = ranges[name]
        ranges[name] = (low / narrowed[1], high / narrowed[1])
    return quantize(net.file, scheme="int8", io="int8", ranges=ranges), name


def test_every_figure_is_what_the_tensors_of_both_files_give(network: Callable[[str], Any]) -> None:
    net = network("conv")
    file, clipped = int8(net, ("depthwise", 4))
    samples = net.samples[:SAMPLES]
    exact, given = kept_tensors(net.file, samples), kept_tensors(file, samples)
    errors = layer_errors(net.file, file, threads=1, samples=samples)
    stored = {tensor.name: tensor for tensor in read_tflite(file).main.tensors}
    assert list(errors) == computed(net.file)
    for name, error in errors.items():
        values = np.concatenate(exact[name]).astype(np.float64)
        noise = np.sum((values - np.concatenate(given[name])) ** 2)
        assert error.sqnr_db == pytest.approx(10 * np.log10(np.sum(values**2) / noise), abs=1e-3)
        assert error.range == pytest.approx((values.min(), values.max()), rel=1e-5, abs=1e-6)
        scale, zero_point = stored[name].quantization.scale[0], stored[name].quantization.zero_point[0]  # type: ignore[union-attr]
        ends = (scale * (-128 - zero_point), scale * (127 - zero_point))
        assert error.representable == pytest.approx(ends)
        outside = (values < ends[0] - scale) | (values > ends[1] + scale)
        assert error.clipped_share == pytest.approx(np.mean(outside), abs=2 / values.size)
    assert errors[clipped].clipped_share > 0.01  # type: ignore[operator]


def test_a_range_that_holds_all_values_clips_none(network: Callable[[str], Any]) -> None:
    net = network("conv")
    errors = layer_errors(net.file, int8(net)[0], threads=1, samples=net.samples)
    assert {error.clipped_share for error in errors.values()} == {0.0}


def test_the_layer_that_adds_the_error_is_told_from_those_that_pass_it_on(network: Callable[[str], Any]) -> None:
    net = network("conv")
    file, bad = int8(net, ("depthwise", 20))
    errors = layer_errors(net.file, file, threads=1, samples=net.samples[:SAMPLES])
    own = {name: error.own_sqnr_db for name, error in errors.items() if error.own_sqnr_db is not None}
    assert min(own, key=lambda name: own[name]) == bad
    assert errors[bad].sqnr_db < 6  # type: ignore[operator]
    names = list(errors)
    before, behind = errors[names[names.index(bad) - 1]], errors[names[names.index(bad) + 1]]
    assert before.sqnr_db > 30  # type: ignore[operator]
    assert behind.sqnr_db < 12  # type: ignore[operator]
    assert behind.own_sqnr_db is None or behind.own_sqnr_db > errors[bad].own_sqnr_db + 6  # type: ignore[operator]
    assert errors[bad].histogram is not None


def test_histograms_count_every_value_of_the_worst_layers(network: Callable[[str], Any]) -> None:
    net = network("conv")
    file, _ = int8(net, ("depthwise", 20))
    samples = net.samples[:SAMPLES]
    exact = kept_tensors(net.file, samples)
    errors = layer_errors(net.file, file, threads=1, samples=samples)
    drawn = {name: error for name, error in errors.items() if error.histogram is not None}
    assert 1 <= len(drawn) <= HISTOGRAMS
    for name, error in drawn.items():
        histogram, values = error.histogram, np.concatenate(exact[name])
        assert histogram is not None
        assert error.range is not None
        assert error.representable is not None
        assert (histogram.low, histogram.high) == (
            min(error.range[0], error.representable[0]),
            max(error.range[1], error.representable[1]),
        )
        assert len(histogram.counts) == HISTOGRAM_BINS
        assert sum(histogram.counts) == values.size
        wanted = np.histogram(values, HISTOGRAM_BINS, (histogram.low, histogram.high))[0]
        # Values at the edge of a bin may fall on either side, as float kernels differ in the last bit.
        assert np.abs(np.cumsum(wanted) - np.cumsum(histogram.counts)).max() <= 0.002 * values.size


def test_a_file_beside_itself_has_no_error(network: Callable[[str], Any]) -> None:
    net = network("conv")
    errors = layer_errors(net.file, net.file, threads=1, samples=net.samples[:3])
    assert list(errors) == computed(net.file)
    for error in errors.values():
        assert (error.sqnr_db, error.own_sqnr_db, error.representable) == (None, None, None)
        assert (error.clipped_share, error.histogram) == (None, None)


@pytest.mark.parametrize("scheme", ["float16", "dynamic"])
def test_schemes_with_float_tensors_have_errors_and_no_clipping(scheme: str, network: Callable[[str], Any]) -> None:
    net = network("conv")
    file = quantize(net.file, scheme=scheme, io="float")  # type: ignore[arg-type]
    errors = layer_errors(net.file, file, threads=1, samples=net.samples[:2])
    assert list(errors) == computed(net.file)
    assert all(error.sqnr_db is not None and error.clipped_share is None for error in errors.values())


@pytest.mark.parametrize("name", ["two inputs", "upsampling", "recurrent"])
def test_networks_of_every_kind_are_measured(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    errors = layer_errors(net.file, int8(net)[0], threads=1, samples=net.samples[:2])
    measured = [error for error in errors.values() if error.sqnr_db is not None]
    assert len(measured) >= 0.5 * len(read_tflite(net.file).main.operators)
    assert max(error.sqnr_db or 0.0 for error in measured) > 15


def test_values_that_are_not_finite_leave_their_figures_out(export: Any) -> None:
    import keras

    inputs = keras.Input((4,), name="x")
    _, file = export(keras.Model(inputs, keras.ops.exp(keras.ops.log(keras.ops.relu(inputs)))))
    samples = [{"x": np.array([[-1, 0, 1, 2]], np.float32)}]
    errors = layer_errors(file, file, threads=1, samples=samples)
    assert None in {error.range for error in errors.values()}
    json.dumps([error.to_dict() for error in errors.values()], allow_nan=False)


def test_integer_inputs_have_no_error_of_their_own(export: Any) -> None:
    import keras

    inputs = keras.Input((3,), dtype="int32", name="words")
    value = keras.layers.Flatten()(keras.layers.Embedding(7, 4)(inputs))
    _, file = export(keras.Model(inputs, keras.layers.Dense(2, name="scores")(value)))
    samples = [{"words": np.array([[1, 5, 6]], np.int32)}]
    made = quantize(file, scheme="dynamic", io="float")
    errors = layer_errors(file, made, threads=1, samples=samples)
    assert any(error.own_sqnr_db is not None for error in errors.values())


def test_layers_of_a_report_carry_their_keras_names_and_their_tensors(network: Callable[[str], Any]) -> None:
    from edgecomp.pipeline.reporting.report_data import layers_data

    net = network("conv")
    file, _ = int8(net)
    errors = layer_errors(net.file, file, threads=1, samples=net.samples[:2])
    rows = layers_data(file, errors, ("stem", "depthwise", "pointwise", "scores"))
    named = {row["name"]: row for row in rows}
    assert {"stem", "depthwise", "pointwise"} <= set(named)
    for name in ("stem", "depthwise", "pointwise"):
        assert name in named[name]["tensor"]
        assert named[name]["sqnr_db"] == errors[named[name]["tensor"]].sqnr_db
        assert tuple(named[name]["representable"]) == errors[named[name]["tensor"]].representable
