"""Evaluating real files: what is counted is what Keras' own outputs give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.errors import InputError
from edgecomp.evaluate.run import evaluate, run_samples, step_difference, stored_values
from edgecomp.latency.here import measure_here
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite


def int8(net: Any, io: str = "int8") -> bytes:
    ranges = choose_ranges(observe(net.file, threads=1, stream=net.samples), "minmax", model=read_tflite(net.file))
    return quantize(net.file, scheme="int8", io=io, ranges=ranges)  # type: ignore[arg-type]


def classifier(net: Any) -> Any:
    first = replace(net.contract.outputs[0], kind="classification")
    return replace(net.contract, outputs=(first, *net.contract.outputs[1:]))


def values_of(net: Any) -> Any:
    outputs = tuple(replace(one, kind="values") for one in net.contract.outputs)
    return replace(net, contract=replace(net.contract, outputs=outputs))


def test_accuracy_agreement_and_noise_are_what_the_outputs_give(network: Callable[[str], Any]) -> None:
    net = network("conv")
    contract, file = classifier(net), int8(net)
    exact = np.concatenate([one[0] for one in run_samples(net.file, contract, threads=1, stream=net.samples)])
    ours = np.concatenate([one[0] for one in run_samples(file, contract, threads=1, stream=net.samples)])
    labels = np.random.default_rng(2).integers(0, 5, len(exact))
    found = evaluate(
        {"float": net.file, "compressed": file},
        contract,
        threads=1,
        class_labels=True,
        stream=zip(net.samples, labels.tolist(), strict=True),
    )
    assert found["float"].metric.value == np.mean(exact.argmax(axis=1) == labels)
    assert found["compressed"].metric.value == np.mean(ours.argmax(axis=1) == labels)
    assert found["compressed"].agreement == np.mean(exact.argmax(axis=1) == ours.argmax(axis=1))
    noise = np.sum((exact.astype(float) - ours) ** 2)
    assert found["compressed"].sqnr_db == pytest.approx(10 * np.log10(np.sum(exact.astype(float) ** 2) / noise))
    assert (found["float"].agreement, found["float"].sqnr_db, found["float"].n) == (1.0, None, 40)


def test_targets_that_are_values_give_a_mean_squared_error(network: Callable[[str], Any]) -> None:
    net = values_of(network("dense"))
    exact = [one[0] for one in run_samples(net.file, net.contract, threads=1, stream=net.samples)]
    stream = [(feeds, value[0] + 0.5) for feeds, value in zip(net.samples, exact, strict=True)]
    found = evaluate({"float": net.file}, net.contract, threads=1, class_labels=False, stream=stream)
    assert found["float"].metric.name == "mse"
    assert found["float"].metric.value == pytest.approx(0.25, rel=1e-4)
    assert found["float"].agreement is None


def test_without_labels_only_fidelity_is_measured(network: Callable[[str], Any]) -> None:
    net = network("dense")
    stream = [(feeds, None) for feeds in net.samples]
    found = evaluate({"float": net.file, "ours": int8(net)}, net.contract, threads=1, class_labels=False, stream=stream)
    assert found["ours"].metric is None
    assert found["ours"].sqnr_db > 20


def test_every_output_counts_in_the_noise(network: Callable[[str], Any]) -> None:
    net = network("two inputs")
    outputs = run_samples(net.file, net.contract, threads=1, stream=net.samples[:3])
    assert [[one.shape for one in sample] for sample in outputs] == [[one.shape for one in net.contract.outputs]] * 3


def test_a_model_that_gives_nan_is_refused_with_the_samples_number(export: Any) -> None:
    import keras

    inputs = keras.Input((3,), name="x")
    opened, file = export(keras.Model(inputs, keras.ops.log(inputs)))
    contract = build_contract(parse_preprocess("none"), opened.inputs, opened.outputs, images=False)
    good, bad = np.ones((1, 3), np.float32), np.full((1, 3), -1, np.float32)
    with pytest.raises(InputError, match=r"NaN or infinity for sample 1 \(counted from 0\)"):
        evaluate(
            {"float": file}, contract, threads=1, class_labels=False, stream=[({"x": good}, None), ({"x": bad}, None)]
        )


@pytest.mark.parametrize("io", ["int8", "float"])
def test_stored_values_are_what_the_tensors_hold(io: str, network: Callable[[str], Any]) -> None:
    net = network("two inputs")
    file = int8(net, io)
    inputs, outputs = stored_values(file, net.contract, threads=1, stream=net.samples[:5])
    dtype = np.int8 if io == "int8" else np.float32
    assert [one.dtype for one in (*inputs, *outputs)] == [dtype] * 4
    assert [one.shape for one in inputs] == [(5, *one.shape[1:]) for one in net.contract.inputs]
    assert [one.shape for one in outputs] == [(5, *one.shape[1:]) for one in net.contract.outputs]


def _as_the_library_quantizes(file: bytes, samples: list[Any]) -> bytes:
    """Without what edgecomp does so that plain kernels take a file."""
    from litert_quantizer import Quantizer, recipe

    ranges = choose_ranges(observe(file, threads=1, stream=samples), "minmax", model=read_tflite(file))
    bounds = {name: {"min": np.float32([low]), "max": np.float32([high])} for name, (low, high) in ranges.items()}
    return bytes(Quantizer(file, recipe.static_wi8_ai8()).quantize(bounds).quantized_model)


def test_a_file_that_the_plain_kernels_refuse_has_no_step_difference(export: Any, network: Any) -> None:
    """A relu6 whose 6 is more than 2**31 steps away stops the plain kernels only; untrained networks can have it."""
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 2), name="x")
    layer = keras.layers.DepthwiseConv2D(3, padding="same", activation="relu6", name="tiny")
    last = keras.layers.DepthwiseConv2D(3, padding="same")
    model = keras.Model(inputs, last(layer(inputs)))
    layer.set_weights([1e-10 * layer.get_weights()[0], np.zeros(2)])
    opened, file = export(model)
    contract = build_contract(parse_preprocess("none"), opened.inputs, opened.outputs, images=False)
    samples = [{"x": np.random.default_rng(one).normal(size=(1, 8, 8, 2)).astype(np.float32)} for one in range(3)]
    assert step_difference(_as_the_library_quantizes(file, samples), contract, threads=1, stream=samples) is None


def test_latency_is_measured_with_its_validity(network: Callable[[str], Any]) -> None:
    net = network("conv")
    found = measure_here(net.file, net.contract, threads=1)
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p90"]
    assert isinstance(found["valid"], bool)
    assert found["engine"]["xnnpack"] is True
