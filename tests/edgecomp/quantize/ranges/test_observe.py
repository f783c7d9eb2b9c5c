"""What is observed is what the tensors held, whatever the order of the samples, their number and their parts."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.quantize.ranges.histogram import Histogram
from edgecomp.quantize.ranges.observe import LOOKED_AT, Observation, Observations, merge, observe
from edgecomp.tflite import read_tflite
from edgecomp.tflite.packing import pack, unpack

NETWORKS = ("conv", "dense", "two inputs", "upsampling")
Samples = list[dict[str, np.ndarray]]


def recorded(file: bytes, samples: Samples) -> dict[str, np.ndarray]:
    """Every float tensor's values, [samples, ...], from an interpreter that keeps them all."""
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = Interpreter(model_content=file, experimental_preserve_all_tensors=True)
    run = interpreter.get_signature_runner("serving_default")
    graph = read_tflite(file).main
    wanted = {index for one in graph.operators for index in one.outputs} | set(graph.inputs)
    tensors = [graph.tensors[index] for index in sorted(wanted) if graph.tensors[index].dtype == "float32"]
    values: dict[str, list[np.ndarray]] = {tensor.name: [] for tensor in tensors}
    for feeds in samples:
        run(**feeds)
        for tensor in tensors:
            values[tensor.name].append(interpreter.get_tensor(tensor.index)[None])
    return {name: np.concatenate(parts) for name, parts in values.items()}


def assert_same(one: Observations, other: Observations) -> None:
    assert one.keys() == other.keys()
    for name, observation in one.items():
        assert_equal(observation, other[name])


def assert_equal(one: Observation, other: Observation) -> None:
    for field in ("low", "high", "samples"):
        assert getattr(one, field) == getattr(other, field), field
    for field in ("average_low", "average_high"):  # sums of floats, in another order
        assert getattr(one, field) == pytest.approx(getattr(other, field), rel=1e-9, abs=1e-12), field
    for field in ("channel_low", "channel_high"):
        assert np.array_equal(getattr(one, field), getattr(other, field)), field
    assert np.array_equal(one.histogram.bins, other.histogram.bins)
    assert np.array_equal(one.histogram.counts, other.histogram.counts)


@pytest.mark.parametrize("name", NETWORKS)
def test_extremes_means_and_channels_are_those_of_the_tensors(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    observed = observe(net.file, threads=1, stream=net.samples)
    values = recorded(net.file, net.samples)
    assert set(observed) == set(values)
    close = {"rel": 1e-4, "abs": 1e-5}  # the kernels may differ in the last bits
    for tensor, array in values.items():
        found = observed[tensor]
        by_sample = array.reshape(len(array), -1)
        by_channel = array.reshape(-1, array.shape[-1])
        assert (found.low, found.high) == pytest.approx((array.min(), array.max()), **close)
        assert found.average_low == pytest.approx(by_sample.min(axis=1).mean(), **close)
        assert found.average_high == pytest.approx(by_sample.max(axis=1).mean(), **close)
        assert found.channel_low == pytest.approx(by_channel.min(axis=0), **close)
        assert found.channel_high == pytest.approx(by_channel.max(axis=0), **close)
        assert found.samples == len(net.samples)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_input_is_counted_exactly(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    observed = observe(net.file, threads=1, stream=net.samples)
    model = read_tflite(net.file)
    assert model.signature is not None
    for key, index in model.signature.inputs:
        exact = Histogram.of(np.concatenate([feeds[key] for feeds in net.samples]))
        found = observed[model.main.tensors[index].name].histogram
        assert np.array_equal(found.bins, exact.bins)
        assert np.array_equal(found.counts, exact.counts)


@pytest.fixture(scope="module")
def wide(export: Any) -> bytes:
    """A network with a tensor far above what is looked at of one, each channel with its own scale."""
    import keras

    inputs = keras.Input((64, 64, 3), name="photo")
    layer = keras.layers.Conv2D(32, 1)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(layer(inputs)))
    layer.set_weights([np.ones((1, 1, 3, 32)) * 2.0 ** np.arange(32), np.zeros(32)])
    file: bytes = export(model)[1]
    return file


def photos(count: int) -> Samples:
    rng = np.random.default_rng(5)
    return [{"photo": rng.uniform(1, 2, (1, 64, 64, 3)).astype(np.float32) / 3} for _ in range(count)]


def test_of_a_large_tensor_every_channel_is_looked_at_alike(wide: bytes) -> None:
    convolved = max(observe(wide, threads=1, stream=photos(8)).values(), key=lambda one: one.high)
    assert 8 * LOOKED_AT / 2 < convolved.histogram.total <= 8 * 2 * LOOKED_AT
    # The values of channel c lie between 2^c and 2^(c+1), so that bins tell channels.
    octaves = (convolved.histogram.bins.astype(int) >> 4) - 127
    by_channel = np.bincount(octaves, weights=convolved.histogram.counts)
    assert by_channel.shape == (32,)
    assert by_channel == pytest.approx(np.full(32, convolved.histogram.total / 32), rel=0.01)


@settings(max_examples=6)
@given(order=st.permutations(range(20)))
def test_the_order_of_samples_does_not_matter(order: list[int], network: Callable[[str], Any]) -> None:
    net = network("dense")
    assert_same(
        observe(net.file, threads=1, stream=net.samples[:20]),
        observe(net.file, threads=1, stream=[net.samples[index] for index in order]),
    )


def test_nor_does_it_for_large_tensors(wide: bytes) -> None:
    samples = photos(6)
    assert_same(observe(wide, threads=1, stream=samples), observe(wide, threads=1, stream=samples[::-1]))


@pytest.mark.parametrize("name", NETWORKS)
def test_merged_parts_are_the_whole(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    parts = [observe(net.file, threads=1, stream=part) for part in (net.samples[:15], net.samples[15:])]
    assert_same(merge(*parts), observe(net.file, threads=1, stream=net.samples))


def test_arrays_may_be_filled_again_for_the_next_sample(network: Callable[[str], Any]) -> None:
    net = network("dense")

    def reused() -> Iterator[dict[str, np.ndarray]]:
        array = np.zeros_like(net.samples[0]["row"])
        for feeds in net.samples:
            array[:] = feeds["row"]
            yield {"row": array}

    assert_same(observe(net.file, threads=1, stream=reused()), observe(net.file, threads=1, stream=net.samples))


def test_loops_are_run_but_not_looked_into(network: Callable[[str], Any]) -> None:
    net = network("recurrent")
    observed = observe(net.file, threads=1, stream=net.samples)
    graph = read_tflite(net.file).main
    assert set(observed) <= {tensor.name for tensor in graph.tensors}
    for tensor in read_tflite(net.file).outputs:
        assert observed[tensor.name].samples == len(net.samples)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_not_finite_is_named(value: float, network: Callable[[str], Any]) -> None:
    net = network("dense")
    samples = [dict(feeds) for feeds in net.samples[:4]]
    samples[2]["row"] = np.full_like(samples[2]["row"], value)
    with pytest.raises(InputError, match="sample 2 makes the tensor"):
        observe(net.file, threads=1, stream=samples)


def test_so_is_the_tensor_that_overflows_first(network: Callable[[str], Any]) -> None:
    net = network("dense")
    samples = [dict(feeds) for feeds in net.samples[:4]]
    samples[3]["row"] = np.full_like(samples[3]["row"], 3e38)
    first = read_tflite(net.file).main.operators[0]
    name = read_tflite(net.file).main.tensors[first.outputs[0]].name
    with pytest.raises(InputError) as caught:
        observe(net.file, threads=1, stream=samples)
    assert str(caught.value).startswith(f"sample 3 makes the tensor {name} ")


def test_no_samples_are_an_error(network: Callable[[str], Any]) -> None:
    with pytest.raises(InputError, match="at least one"):
        observe(network("dense").file, threads=1, stream=[])


def test_tensors_of_one_name_are_an_error(network: Callable[[str], Any]) -> None:
    net = network("dense")
    model = unpack(net.file)
    operators = model.subgraphs[0].operators
    tensors = model.subgraphs[0].tensors
    tensors[operators[0].outputs[0]].name = tensors[operators[1].outputs[0]].name
    with pytest.raises(InputError, match="two tensors"):
        observe(pack(model), threads=1, stream=net.samples[:1])


def endless(count: int, shape: tuple[int, ...], key: str) -> Iterator[dict[str, np.ndarray]]:
    rng = np.random.default_rng(2)
    for _ in range(count):
        yield {key: rng.normal(size=(1, *shape)).astype(np.float32)}


def test_more_samples_take_no_more_memory(network: Callable[[str], Any]) -> None:
    net = network("dense")

    def peak(count: int) -> int:
        tracemalloc.start()
        observe(net.file, threads=1, stream=endless(count, (12,), "row"))
        result = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return result

    peak(10)  # what is imported and cached once
    assert peak(1400) < 1.05 * peak(700)  # from 640 on no more samples are held back


@pytest.mark.slow
def test_ten_thousand_photos_take_no_more_memory_than_one_thousand(wide: bytes) -> None:
    page = 4096

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page

    sizes = []

    def watched() -> Iterator[dict[str, np.ndarray]]:
        for number, feeds in enumerate(endless(10_000, (64, 64, 3), "photo")):
            if number % 500 == 0:
                sizes.append(resident())
            yield feeds

    observe(wide, threads=1, stream=watched())
    assert max(sizes[2:]) - sizes[2] < 8 * 2**20  # all photos together are 469 MB
