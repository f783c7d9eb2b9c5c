"""Ranges chosen from what was observed: what each method promises, on real networks and on known distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecomp.errors import InputError
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.choice import METHODS, Ranges, choose_ranges
from edgecomp.quantize.ranges.clipping import Spread, least_divergence, least_error, rounding_error, spread
from edgecomp.quantize.ranges.histogram import Histogram
from edgecomp.quantize.ranges.observe import observe
from edgecomp.quantize.ranges.shared_scales import agreed
from edgecomp.tflite import read_tflite

NETWORKS = ("conv", "dense", "two inputs", "upsampling")


def chosen(net: Any, method: str, samples: list[dict[str, np.ndarray]] | None = None, **options: Any) -> Ranges:
    observed = observe(net.file, threads=1, stream=net.samples if samples is None else samples)
    return choose_ranges(observed, method, model=read_tflite(net.file), **options)


def int8(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as int8 tensors of that range hold them."""
    step = (high - low) / 255
    zero_point = -128 - np.rint(low / step)
    return (np.clip(np.rint(values / step) + zero_point, -128, 127) - zero_point) * step


def error(values: np.ndarray, low: float, high: float) -> float:
    return float(np.mean((values - int8(values, low, high)) ** 2))


def distribution(name: str, count: int = 40_000) -> np.ndarray:
    rng = np.random.default_rng(4)
    values = {
        "normal": rng.normal(size=count),
        "shifted": rng.normal(1, 1, size=count),
        "relu": np.maximum(rng.normal(size=count), 0),
        "negative": -rng.exponential(size=count),
        "heavy tail": rng.standard_t(3, size=count),
        "one-sided heavy tail": np.abs(rng.standard_t(3, size=count)),
        "uniform": rng.uniform(-1, 1, size=count),
        "few values": rng.choice([-1.0, 0.0, 0.25, 3.0], size=count),
    }[name]
    return values.astype(np.float32)


DISTRIBUTIONS = (
    "normal",
    "shifted",
    "relu",
    "negative",
    "heavy tail",
    "one-sided heavy tail",
    "uniform",
    "few values",
)


def ends(values: np.ndarray) -> tuple[float, float]:
    return min(float(values.min()), 0.0), max(float(values.max()), 0.0)


def as_spread(values: np.ndarray) -> Spread:
    return spread(Histogram.of(values), float(values.min()), float(values.max()))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_each_tensor_a_range_that_holds_zero(
    name: str, method: str, network: Callable[[str], Any]
) -> None:
    net = network(name)
    observed = observe(net.file, threads=1, stream=net.samples)
    ranges = choose_ranges(observed, method, model=read_tflite(net.file))
    assert set(ranges) == set(observed)
    for low, high in ranges.values():
        assert low <= 0 <= high
        assert low < high
    quantize(net.file, scheme="int8", io="int8", ranges=ranges)


@pytest.mark.parametrize("method", METHODS)
def test_symmetric_ranges_are_symmetric(method: str, network: Callable[[str], Any]) -> None:
    net = network("dense")
    for (low, high), name in zip(chosen(net, method, symmetric=True).values(), chosen(net, method), strict=True):
        assert low == -high or name.endswith("Tanh"), name


def test_minmax_is_the_extremes_and_average_their_means(network: Callable[[str], Any]) -> None:
    net = network("dense")
    rows = np.concatenate([feeds["row"] for feeds in net.samples])
    name = read_tflite(net.file).inputs[0].name
    assert chosen(net, "minmax")[name] == (rows.min(), rows.max())
    assert chosen(net, "average")[name] == pytest.approx((rows.min(axis=1).mean(), rows.max(axis=1).mean()))


def test_percentiles_leave_out_that_share_of_the_elements(network: Callable[[str], Any]) -> None:
    net = network("conv")
    low, high = chosen(net, "percentile")[read_tflite(net.file).inputs[0].name]
    values = np.concatenate([feeds["photo"].reshape(-1) for feeds in net.samples])
    assert (low, high) == pytest.approx((np.quantile(values, 1e-4), np.quantile(values, 1 - 1e-4)), rel=1 / 16)


def test_an_unknown_method_is_an_error(network: Callable[[str], Any]) -> None:
    with pytest.raises(InputError, match="use one of minmax"):
        chosen(network("dense"), "best")


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("cut", [1.0, 0.5, 0.1])
def test_the_expected_error_is_that_of_int8(name: str, cut: float) -> None:
    values = distribution(name)
    low, high = (cut * end for end in ends(values))
    expected = float(rounding_error(as_spread(values), np.array([low]), np.array([high]))[0])
    # Values at a few points only are known to a sixteenth, and all others are many.
    tolerance = 1e-3 * (high - low) ** 2 if name == "few values" else 0.1 * error(values, low, high)
    assert expected == pytest.approx(error(values, low, high), abs=tolerance)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_no_other_range_has_much_less_error(name: str) -> None:
    values = distribution(name)
    lowest, highest = ends(values)
    low, high = least_error(as_spread(values), lowest, highest)
    factors = np.geomspace(1, 1 / 32, 24)
    best = min(error(values, lowest * a, highest * b) for a in factors for b in factors)
    assert lowest <= low <= 0 <= high <= highest
    assert error(values, low, high) < 1.1 * best


def test_an_outlier_is_cut_off_by_its_share() -> None:
    """One in a hundred thousand that clipping would cost more than the finer steps are worth stays; one in forty
    million does not."""
    normal = Histogram.of(distribution("normal"))
    far = Histogram.of(np.array([100], np.float32))
    few = normal.merge(far)
    many = Histogram(normal.bins, normal.counts * 1000).merge(far)
    assert least_error(spread(few, -5, 100), -5, 100)[1] == pytest.approx(100, rel=0.1)
    assert 3 < least_error(spread(many, -5, 100), -5, 100)[1] < 10


def test_an_even_spread_is_not_cut() -> None:
    even = distribution("uniform")
    assert least_error(as_spread(even), *ends(even)) == pytest.approx(ends(even), rel=0.01)


@pytest.mark.parametrize("name", ["relu", "one-sided heavy tail", "negative"])
def test_a_side_that_is_empty_stays_empty(name: str) -> None:
    values = distribution(name)
    low, high = least_error(as_spread(values), *ends(values))
    assert low == 0 or high == 0


@settings(max_examples=60)
@given(arrays(np.float32, st.integers(1, 40), elements=st.floats(-(2.0**66), 2.0**66, width=32)))
def test_any_values_get_a_range_within_their_own(values: np.ndarray) -> None:
    lowest, highest = ends(values)
    for choose in (least_error, least_divergence):
        low, high = choose(as_spread(values), lowest, highest)
        assert lowest <= low <= 0 <= high <= highest


def test_entropy_keeps_an_even_spread_and_cuts_a_far_outlier() -> None:
    even = distribution("uniform")
    assert least_divergence(as_spread(even), *ends(even)) == pytest.approx(ends(even), rel=0.02)
    normal = distribution("normal")
    far = np.append(normal, np.float32(100))
    low, high = least_divergence(as_spread(far), *ends(far))
    assert 2 < high < 20
    assert low == pytest.approx(normal.min(), rel=0.1)


def test_entropy_gives_one_sign_all_the_integers() -> None:
    one_sided, two_sided = np.abs(distribution("normal")), distribution("normal")
    assert (
        least_divergence(as_spread(one_sided), *ends(one_sided))[1]
        >= (least_divergence(as_spread(two_sided), *ends(two_sided))[1])
    )


def test_a_value_that_is_rare_inside_the_network_alone_is_kept(export: Any) -> None:
    """A detector that fires on one sample in forty, by an input like any other, keeps the range that it fires with."""
    import keras

    inputs = keras.Input((4,), name="row")
    layer = keras.layers.Dense(2)
    model = keras.Model(inputs, layer(inputs))
    layer.set_weights([np.array([[100, 0.1], [-100, 0.1], [0, 0.1], [0, 0.1]], np.float32), np.zeros(2, np.float32)])
    file = export(model)[1]
    rng = np.random.default_rng(0)
    samples = [{"row": rng.uniform(0.9, 1, (1, 4)).astype(np.float32)} for _ in range(40)]
    for feeds in samples:
        feeds["row"][0, 1] = feeds["row"][0, 0]
    samples[7] = {"row": np.array([[1, -1, 1, 1]], np.float32)}
    observed = observe(file, threads=1, stream=samples)
    name = read_tflite(file).outputs[0].name
    assert choose_ranges(observed, "mse", model=read_tflite(file))[name][1] == pytest.approx(200, rel=0.05)


def _holding_zero(low: float, high: float) -> tuple[float, float]:
    return min(low, 0.0), max(high, 0.0)


@pytest.mark.parametrize("name", NETWORKS)
def test_that_tensors_agree_changes_nothing_in_the_file(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    each_its_own = {name: (one.low, one.high) for name, one in observe(net.file, threads=1, stream=net.samples).items()}
    together = agreed(read_tflite(net.file).main, {name: _holding_zero(*ends) for name, ends in each_its_own.items()})
    files = [quantize(net.file, scheme="int8", io="int8", ranges=one) for one in (each_its_own, together)]
    assert files[0] == files[1]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_chosen_ranges_are_those_of_the_file(name: str, method: str, network: Callable[[str], Any]) -> None:
    """So that what is reported is what is used: also behind operators that pass on or fix a scale."""
    net = network(name)
    ranges = chosen(net, method)
    file = read_tflite(quantize(net.file, scheme="int8", io="int8", ranges=ranges))
    for tensor in file.main.tensors:
        if tensor.name in ranges and tensor.quantization is not None:
            low, high = ranges[tensor.name]
            assert 255 * tensor.quantization.scale[0] == pytest.approx(high - low, rel=1e-5), tensor.name
